// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/stripes.hpp"

#include <algorithm>

#include "sim/datapath/brick_array.hpp"
#include "sim/datapath/pallet_rows.hpp"
#include "sim/datapath/serial_choice.hpp"

namespace ldpsim {
namespace {

class StripesArray final : public BrickArray {
 public:
  explicit StripesArray(const ArchSpec& arch)
      : BrickArray(arch),
        drain_(arch.integer("array.drain_cycles")),
        pallet_drain_(arch.integer("array.pallet_drain_cycles")),
        row_bricks_(arch.text("array.dispatcher") == "rows" ? arch.integer("array.dispatcher_row_bricks") : 0),
        serial_(arch) {}

  Cycles drain_cycles() const override { return drain_; }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_bit_serial_task(problem, bits, operands, sums_.accumulator);
  }

  bool has_tile_overhead() const override {
    return BrickArray::has_tile_overhead() || pallet_drain_ > 0 || row_bricks_ > 0;
  }
  TileOverhead tile_overhead(const Problem& problem, PassBits bits, const TileShape& tile) const override {
    if (staggers(problem)) {
      TileOverhead tails = BrickArray::tile_overhead(problem, bits, tile);
      tails.fill_drain += problem.batch * pallet_drain_;
      return tails;
    }
    const Problem p = part(problem, tile);
    const BrickSteps all = steps(p);
    return {.fill_drain = all.filter_sets * all.pallets * pallet_drain_, .buffer_stall = dispatcher_stall(p, bits)};
  }

 protected:
  /// A cycle for every bit of the serial operand.
  Cycles step_cycles(const Problem& p, PassBits bits) const override { return serial_.bits(p.pass, bits); }

 private:
  /// Cycles that the dispatcher lacks: a pallet's bricks lie in several eDRAM rows, one is read a cycle, and the bits
  /// of the step before hide as many.
  Cycles dispatcher_stall(const Problem& p, PassBits bits) const {
    if (row_bricks_ == 0 || p.pass == Pass::kBackwardWeight || runs_channel_by_channel(p)) return 0;
    const bool folded = uses_space_to_depth(p);
    const PalletRows rows{.windows = windows_,
                          .row_bricks = row_bricks_,
                          .stride = folded ? 1 : p.stride,
                          .dilation = p.dilation,
                          .pad = folded ? ceil_div(p.pad_x, p.stride) : p.pad_x,
                          .insertion = p.insertion,
                          .in_width = folded ? ceil_div(p.in_width, p.stride) : p.in_width,
                          .out_width = p.out_width,
                          .taps = folded ? ceil_div(p.kernel_width, p.stride) : p.kernel_width,
                          .hidden = step_cycles(p, bits)};
    // all kernel rows and all bricks of channels are fetched alike, and anew for every set of filters
    const BrickSteps all = steps(p);
    return p.batch * all.filter_sets * (all.bricks / rows.taps) * rows.missing(p.out_height * p.out_width);
  }

  Cycles drain_, pallet_drain_;
  std::int64_t row_bricks_;  ///< bricks of an eDRAM row; 0: an ideal dispatcher
  SerialChoice serial_;
};

std::vector<Parameter> stripes_parameters() {
  std::vector<Parameter> parameters = brick_parameters(256, 16, 16, "packed");
  const auto cycles = [](const std::string& key, double most, const std::string& doc) {
    return Parameter{
        .key = key, .unit = "cycle", .initial = Value(std::int64_t{0}), .least = 0, .most = most, .doc = doc};
  };
  const auto text = [](const std::string& key, const std::vector<std::string>& choices, const std::string& doc) {
    return Parameter{
        .key = key, .type = ValueType::kText, .initial = Value(choices.front()), .choices = choices, .doc = doc};
  };
  parameters.push_back(cycles("array.drain_cycles", 1e6,
                              "cycles from the last bit to the last result, charged when the array stops for want of "
                              "work; not published, 0 in comparisons with publications"));
  parameters.push_back(
      cycles("array.pallet_drain_cycles", 15,
             "cycles to drain the sums of a pallet of windows against a set of filters, charged once for "
             "each: ceil(filters/array.filters) x pallets x this (with staggered columns once a sample); not "
             "published, 0 to 15 fit what is"));
  for (Parameter& parameter : serial_parameters({"activation", "gradient", "fewest_bits"}))
    parameters.push_back(std::move(parameter));
  parameters.push_back(linear_columns_parameter());
  parameters.push_back(text(
      "array.dispatcher", {"ideal", "rows"},
      "fetching the bricks of the next pallet: ideal is always in time; rows reads one eDRAM row a cycle behind the P "
      "cycles of a step, and a pallet in R rows stalls max(0, R-P) cycles. Assumed layout: a row holds "
      "array.dispatcher_row_bricks bricks that are neighbours in x, every line of the picture and every brick of "
      "channels begins a new row, padding is not fetched to the left and right but above and below. Backward-weight "
      "and sums of one channel (rescale), whose bricks lie along other axes, are taken as ideal"));
  parameters.push_back({.key = "array.dispatcher_row_bricks",
                        .unit = "brick",
                        .initial = Value(std::int64_t{16}),
                        .least = 1,
                        .most = 4096,
                        .doc = "bricks in a row of the activation eDRAM, for array.dispatcher rows"});
  return parameters;
}

}  // namespace

PeArrayKind stripes_kind() {
  return {
      .kind = "stripes",
      .doc =
          "bit-serial array: filters x windows x lanes, one operand a bit a cycle against the other in 16-bit "
          "registers (MICRO 2016)",
      .parameters = stripes_parameters(),
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<StripesArray>(arch); },
      .precision_law = "cycles follow the bits of the serial operand alone, the other one lies in 16-bit registers"};
}

}  // namespace ldpsim
