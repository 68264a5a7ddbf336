// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/stripes.hpp"

#include <algorithm>
#include <numeric>

#include "sim/datapath/sum_rules.hpp"
#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {
namespace {

enum class Serial { kMoving, kStationary, kFewestBits };

/// A choice between the two operands of a pass by name, as array.serial_* gives it.
Serial serial_of(const ArchSpec& arch, const std::string& key, const std::string& moving) {
  const std::string& choice = arch.text(key);
  return choice == "fewest_bits" ? Serial::kFewestBits : choice == moving ? Serial::kMoving : Serial::kStationary;
}

class StripesArray final : public PeArray {
 public:
  explicit StripesArray(const ArchSpec& arch)
      : kind_(arch.text("array.kind")),
        machine_(arch.name),
        filters_(arch.integer("array.filters")),
        windows_(arch.integer("array.windows")),
        lanes_(arch.integer("array.lanes")),
        drain_(arch.integer("array.drain_cycles")),
        serial_{serial_of(arch, "array.serial_forward", "activation"),
                serial_of(arch, "array.serial_backward_data", "gradient"),
                serial_of(arch, "array.serial_backward_weight", "activation")},
        space_to_depth_(arch.text("array.first_layer") == "space_to_depth"),
        packed_(arch.text("array.operand_storage") == "packed"),
        word_bits_(arch.integer("output.word_bits")),
        sums_(SumRules::of(arch, lanes_)) {}

  const std::string& kind() const override { return kind_; }
  std::int64_t pes() const override { return filters_ * windows_; }
  void check(const Problem& problem, PassBits bits) const override { check_sums(machine_, sums_, problem, bits); }
  bool charges_full_tiles() const override { return false; }
  Cycles fill_cycles() const override { return 0; }
  Cycles drain_cycles() const override { return drain_; }

  /// Forward and backward-data: windows of one sample in row-major order fill the columns, channels fill the lanes tap
  /// by tap. Backward-weight: a matrix product, its windows (channels x taps of the layer) and its reduction (samples x
  /// positions) flat.
  Cycles closed_form_cycles(const Problem& p, PassBits bits) const override {
    const std::int64_t filter_sets = ceil_div(p.filters, filters_);
    const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
    const std::int64_t serial = serial_is_moving(p, bits) ? bits.moving : bits.stationary;
    if (p.pass == Pass::kBackwardWeight) {
      return filter_sets * ceil_div(p.batch * windows, windows_) * ceil_div(p.channels * taps, lanes_) * serial;
    }
    std::int64_t steps = taps * ceil_div(p.channels, lanes_);
    if (uses_space_to_depth(p))
      steps = ceil_div(p.kernel_height, p.stride) * ceil_div(p.kernel_width, p.stride) *
              ceil_div(p.channels * p.stride * p.stride, lanes_);
    if (sums_.one_channel_sums(p)) steps = p.channels * ceil_div(taps, lanes_);
    return p.batch * filter_sets * ceil_div(windows, windows_) * steps * serial;
  }

  std::array<std::vector<std::int64_t>, kLoopCount> tile_choices(const Problem& p, PassBits) const override {
    const TileShape extents = loop_extents(p);
    std::array<std::vector<std::int64_t>, kLoopCount> choices;
    const auto offer = [&](Loop loop, std::int64_t step) {
      choices[static_cast<std::size_t>(loop)] = doubling_sizes(step, extents[loop]);
    };
    offer(Loop::kFilters, filters_);
    offer(Loop::kX, extents[Loop::kX]);
    if (p.pass == Pass::kBackwardWeight) {
      offer(Loop::kBatch, windows_ / std::gcd(windows_, p.out_height * p.out_width));
      offer(Loop::kY, lanes_ / std::gcd(lanes_, p.kernel_width));
      offer(Loop::kChannels, lanes_ / std::gcd(lanes_, p.kernel_height * p.kernel_width));
      std::vector<std::int64_t>& channels = choices[static_cast<std::size_t>(Loop::kChannels)];
      if (channels.front() != 1) channels.insert(channels.begin(), 1);  // rows are cut sample by sample
    } else {
      offer(Loop::kBatch, 1);
      offer(Loop::kY, windows_ / std::gcd(windows_, p.out_width));
      offer(Loop::kChannels, sums_.one_channel_sums(p) ? 1 : uses_space_to_depth(p) ? p.channels : lanes_);
    }
    return choices;
  }

  /// Tiles that leave columns or lanes idle at their edges: backward-weight of large maps whose positions do not fill
  /// whole bricks.
  std::array<std::vector<std::int64_t>, kLoopCount> last_resort_choices(const Problem& p, PassBits) const override {
    const TileShape extents = loop_extents(p);
    std::array<std::vector<std::int64_t>, kLoopCount> choices;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) choices[loop] = doubling_sizes(1, extents.extent[loop]);
    choices[static_cast<std::size_t>(Loop::kX)] = {extents[Loop::kX]};
    if (uses_space_to_depth(p)) choices[static_cast<std::size_t>(Loop::kChannels)] = {p.channels};
    return choices;
  }

  /// Tiles are cut where all columns and all lanes are in use, so that cutting costs no cycles: whole pallets of
  /// windows, whole bricks of the reduction, or everything.
  bool tile_allowed(const Problem& p, PassBits, const TileShape& tile) const override {
    const TileShape extents = loop_extents(p);
    const auto aligned = [&](Loop loop, std::int64_t unit, std::int64_t width) {
      return tile[loop] == extents[loop] || tile[loop] * unit % width == 0;
    };
    if (tile[Loop::kX] != extents[Loop::kX] || !aligned(Loop::kFilters, 1, filters_)) return false;
    const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
    if (p.pass != Pass::kBackwardWeight) {
      const bool cuts_channels_freely = sums_.one_channel_sums(p);
      const bool channels = tile[Loop::kChannels] == p.channels || cuts_channels_freely ||
                            (!uses_space_to_depth(p) && aligned(Loop::kChannels, 1, lanes_));
      return channels && aligned(Loop::kY, p.out_width, windows_);
    }
    if (!aligned(Loop::kBatch, windows, windows_)) return false;
    if (tile[Loop::kY] == extents[Loop::kY]) return aligned(Loop::kChannels, taps, lanes_);
    return tile[Loop::kChannels] == 1 && aligned(Loop::kY, p.kernel_width, lanes_) &&
           (p.channels == 1 || taps % lanes_ == 0);
  }

  Cycles tile_cycles(const Problem& p, PassBits bits, const TileShape& shape) const override {
    return closed_form_cycles(part(p, shape), bits);
  }

  std::array<std::int64_t, kTensorCount> tile_bits(const Problem& p, PassBits bits,
                                                   const TileShape& shape) const override {
    const TileGeometry tile(p, shape);
    return {tile.filters * tile.channels * tile.taps() * stored(bits.stationary),
            moving_elements(p, tile) * stored(bits.moving), tile.batch * tile.windows() * tile.filters * word_bits_};
  }

  /// The parallel operand is read once for every pallet of windows and stays in the registers for the bits of the
  /// serial one; the serial one is read once for every set of filters; sums stay in the array for the whole tile.
  BufferAccesses accesses(const Problem& p, PassBits bits, const TileShape& shape) const override {
    const TileGeometry tile(p, shape);
    const std::int64_t reduction = tile.channels * tile.taps(), windows = tile.batch * tile.windows();
    const std::int64_t pallets =
        p.pass == Pass::kBackwardWeight ? ceil_div(windows, windows_) : tile.batch * ceil_div(tile.windows(), windows_);
    BufferAccesses a;
    a.stationary_read = pallets * tile.filters * reduction * stored(bits.stationary);
    a.moving_read = ceil_div(tile.filters, filters_) * windows * reduction * stored(bits.moving);
    a.output_read = a.output_write = windows * tile.filters * word_bits_;
    a.register_write = pallets * tile.filters * reduction * bits.stationary +
                       ceil_div(tile.filters, filters_) * windows * reduction * bits.moving;
    return a;
  }

  ActionCounts overhead_actions(const Problem& problem, PassBits bits) const override {
    return sum_actions(sums_, problem, bits);
  }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_bit_serial_task(problem, bits, operands, sums_.accumulator);
  }

 private:
  bool serial_is_moving(const Problem& p, PassBits bits) const {
    const Serial choice = serial_[static_cast<std::size_t>(p.pass)];
    return choice == Serial::kFewestBits ? bits.moving <= bits.stationary : choice == Serial::kMoving;
  }
  bool uses_space_to_depth(const Problem& p) const {
    return space_to_depth_ && p.first_layer && p.pass == Pass::kForward && p.stride > 1;
  }
  std::int64_t stored(int bits) const { return packed_ ? bits : 16; }

  /// The problem that a tile is by itself.
  static Problem part(const Problem& p, const TileShape& shape) {
    const TileGeometry tile(p, shape);
    Problem part = p;
    part.batch = tile.batch;
    part.filters = tile.filters;
    part.channels = tile.channels;
    part.out_height = tile.outs_y;
    part.out_width = tile.outs_x;
    part.kernel_height = tile.taps_y;
    part.kernel_width = tile.taps_x;
    return part;
  }

  std::string kind_, machine_;
  std::int64_t filters_, windows_, lanes_;
  Cycles drain_;
  std::array<Serial, 3> serial_;  ///< indexed by Pass
  bool space_to_depth_, packed_;
  std::int64_t word_bits_;
  SumRules sums_;
};

Parameter serial_parameter(const std::string& pass, const std::string& initial,
                           const std::vector<std::string>& choices) {
  return {.key = "array.serial_" + pass,
          .type = ValueType::kText,
          .initial = Value(initial),
          .choices = choices,
          .doc = "operand of " + pass +
                 " that enters bit by bit and whose bits are the cycles of a step; fewest_bits takes the shorter one, "
                 "layer by layer"};
}

}  // namespace

PeArrayKind stripes_kind() {
  return {
      .kind = "stripes",
      .doc =
          "bit-serial array: filters x windows x lanes, one operand a bit a cycle against the other in 16-bit "
          "registers (MICRO 2016)",
      .parameters =
          {{.key = "array.filters",
            .unit = "filter",
            .initial = Value(std::int64_t{256}),
            .least = 1,
            .most = 65536,
            .doc = "filters worked on at once (16 tiles of 16 rows as published)"},
           {.key = "array.windows",
            .unit = "window",
            .initial = Value(std::int64_t{16}),
            .least = 1,
            .most = 4096,
            .doc = "windows (output positions) worked on at once: the columns of a tile"},
           {.key = "array.lanes",
            .unit = "lane",
            .initial = Value(std::int64_t{16}),
            .least = 1,
            .most = 4096,
            .doc = "products that one serial inner-product unit sums up in a cycle"},
           {.key = "array.drain_cycles",
            .unit = "cycle",
            .initial = Value(std::int64_t{0}),
            .least = 0,
            .most = 1e6,
            .doc = "cycles from the last bit to the last result, charged when the array stops for want of work; not "
                   "published, 0 in comparisons with publications"},
           serial_parameter("forward", "activation", {"activation", "weight", "fewest_bits"}),
           serial_parameter("backward_data", "gradient", {"gradient", "weight", "fewest_bits"}),
           serial_parameter("backward_weight", "fewest_bits", {"activation", "gradient", "fewest_bits"}),
           {.key = "array.first_layer",
            .type = ValueType::kText,
            .initial = Value(std::string("plain")),
            .choices = {"plain", "space_to_depth"},
            .doc = "forward pass of the network's first layer, if it is strided: space_to_depth folds stride x stride "
                   "positions into the channels, so that three channels do not leave most lanes idle"},
           {.key = "array.operand_storage",
            .type = ValueType::kText,
            .initial = Value(std::string("packed")),
            .choices = {"packed", "words"},
            .doc = "operands in buffers and DRAM: packed takes as many bits as their precision, words 16 bits each"}},
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<StripesArray>(arch); }};
}

}  // namespace ldpsim
