// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/bit_fusion.hpp"

#include <algorithm>

#include "sim/datapath/sum_rules.hpp"
#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kFusedBits = 8;  ///< widest operand that the sixteen bricks of a unit take in one step
constexpr std::int64_t kBrickBits = 2;  ///< operand width of a brick

/// What a pair of precisions makes of one fusion unit: `lanes` multipliers side by side, all along the reduction, for
/// `steps` cycles.
struct Fusion {
  std::int64_t lanes = 1, steps = 1;
  explicit Fusion(PassBits bits) {
    for (const int width : {bits.moving, bits.stationary}) {
      const std::int64_t fused = ceil_pow2(std::max<std::int64_t>(width, kBrickBits));
      if (fused > kFusedBits) {
        steps *= fused / kFusedBits;  // a 16-bit operand goes through in two halves, one after the other
      } else {
        lanes *= kFusedBits / fused;
      }
    }
  }
};

class BitFusionArray final : public PeArray {
 public:
  explicit BitFusionArray(const ArchSpec& arch)
      : kind_(arch.text("array.kind")),
        machine_(arch.name),
        rows_(arch.integer("array.rows")),
        columns_(arch.integer("array.columns")),
        im2col_first_layer_(arch.text("array.first_layer") == "im2col"),
        systolic_latency_(arch.text("array.fill_drain") == "systolic"),
        word_bits_(arch.integer("output.word_bits")),
        sums_(SumRules::of(arch, rows_)) {}

  const std::string& kind() const override { return kind_; }
  std::int64_t pes() const override { return rows_ * columns_; }
  void check(const Problem& problem, PassBits bits) const override { check_sums(machine_, sums_, problem, bits); }
  Cycles closed_form_cycles(const Problem&, PassBits) const override { return -1; }
  bool charges_full_tiles() const override { return true; }
  Cycles fill_cycles() const override { return systolic_latency_ ? rows_ - 1 : 0; }
  Cycles drain_cycles() const override { return systolic_latency_ ? columns_ - 1 : 0; }

  std::array<std::vector<std::int64_t>, kLoopCount> tile_choices(const Problem& problem, PassBits) const override {
    const TileShape extents = loop_extents(problem);
    std::array<std::vector<std::int64_t>, kLoopCount> choices;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) choices[loop] = doubling_sizes(1, extents.extent[loop]);
    const std::size_t filters = static_cast<std::size_t>(Loop::kFilters);
    if (problem.pass == Pass::kBackwardWeight) {
      // a filter's gradient is as large as its kernel and is not tiled: large kernels need tiles of fewer filters
      choices[filters] = doubling_sizes(std::max<std::int64_t>(columns_ / 4, 1), extents.extent[filters]);
    } else if (!uses_im2col(problem)) {
      choices[filters] = doubling_sizes(columns_, extents.extent[filters]);
    }
    return choices;
  }

  /// Square tiles: y and x are the same power of two, each cut to its extent.
  bool tile_allowed(const Problem& problem, PassBits, const TileShape& tile) const override {
    const TileShape extents = loop_extents(problem);
    const std::int64_t y = tile[Loop::kY], x = tile[Loop::kX];
    if (y != extents[Loop::kY]) return x == std::min(y, extents[Loop::kX]);
    return x == extents[Loop::kX] || x >= y;
  }

  /// As the released simulator: without im2col every tap takes steps of its own. Backward-weight runs as a matrix
  /// product over the flat reduction.
  Cycles tile_cycles(const Problem& problem, PassBits bits, const TileShape& shape) const override {
    const TileGeometry tile(problem, shape);
    const Fusion fusion(bits);
    const std::int64_t lanes = rows_ * fusion.lanes;
    std::int64_t steps = tile.taps() * ceil_div(tile.channels, lanes);
    if (sums_.one_channel_sums(problem)) {
      steps = tile.channels * ceil_div(tile.taps(), lanes);
    } else if (uses_im2col(problem) || problem.pass == Pass::kBackwardWeight) {
      steps = ceil_div(tile.taps() * tile.channels, lanes);
    }
    return tile.batch * tile.windows() * ceil_div(tile.filters, columns_) * steps * fusion.steps;
  }

  std::array<std::int64_t, kTensorCount> tile_bits(const Problem& problem, PassBits bits,
                                                   const TileShape& shape) const override {
    const TileGeometry tile(problem, shape);
    const std::int64_t reduction = round_up(tile.taps() * tile.channels, rows_ * Fusion(bits).lanes);
    const std::int64_t moving = uses_im2col(problem) ? tile.windows() * tile.taps() * tile.channels * tile.batch
                                                     : moving_elements(problem, tile);
    const std::int64_t filters =
        problem.pass == Pass::kBackwardWeight ? tile.filters : round_up(tile.filters, columns_);
    return {reduction * tile.filters * bits.stationary, moving * bits.moving,
            tile.windows() * filters * tile.batch * word_bits_};
  }

  /// The cheapest of input-, output- and weight-stationary access; compared on sizes padded to the array, counted on
  /// real ones.
  BufferAccesses accesses(const Problem& problem, PassBits bits, const TileShape& shape) const override {
    const TileGeometry tile(problem, shape);
    TileGeometry padded = tile;
    padded.channels = round_up(tile.channels, rows_ * Fusion(bits).lanes);
    padded.filters = round_up(tile.filters, columns_);
    int best = 0;
    for (int held = 1; held < 3; ++held) {
      if (total(holding(held, padded, bits)) < total(holding(best, padded, bits))) best = held;
    }
    return holding(best, tile, bits);
  }

  ActionCounts overhead_actions(const Problem& problem, PassBits bits) const override {
    return sum_actions(sums_, problem, bits);
  }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    AccumulatorSpec accumulator = sums_.accumulator;
    accumulator.lanes = rows_ * Fusion(bits).lanes;
    return make_brick_task(problem, bits, operands, accumulator);
  }

 private:
  bool uses_im2col(const Problem& problem) const {
    return im2col_first_layer_ && problem.first_layer && problem.pass == Pass::kForward;
  }

  /// Accesses when one tensor stays in the array while the others stream: 0 output, 1 moving, 2 stationary.
  BufferAccesses holding(int held, const TileGeometry& tile, PassBits bits) const {
    const std::int64_t macs = tile.macs();
    BufferAccesses a;
    a.moving_read = (held == 1 ? macs / tile.filters : macs) * bits.moving;
    a.stationary_read = (held == 2 ? macs / (tile.windows() * tile.batch) : macs) * bits.stationary;
    a.output_read = (held == 0 ? macs / (tile.taps() * tile.channels) : macs) * word_bits_;
    a.output_write = a.output_read;
    return a;
  }
  static std::int64_t total(const BufferAccesses& a) {
    return a.moving_read + a.stationary_read + a.output_read + a.output_write;
  }

  std::string kind_, machine_;
  std::int64_t rows_, columns_;
  bool im2col_first_layer_, systolic_latency_;
  std::int64_t word_bits_;
  SumRules sums_;
};

}  // namespace

PeArrayKind bit_fusion_kind() {
  return {
      .kind = "bit_fusion",
      .doc =
          "systolic array of fusion units: sixteen 2-bit bricks that fuse into one 8x8 to sixteen 2x2 multipliers "
          "(ISCA 2018)",
      .parameters = {{.key = "array.rows",
                      .unit = "fusion unit",
                      .initial = Value(std::int64_t{16}),
                      .least = 1,
                      .most = 4096,
                      .doc = "rows of the array; the units of a column share the reduction"},
                     {.key = "array.columns",
                      .unit = "fusion unit",
                      .initial = Value(std::int64_t{32}),
                      .least = 1,
                      .most = 4096,
                      .doc = "columns of the array, one filter each"},
                     {.key = "array.first_layer",
                      .type = ValueType::kText,
                      .initial = Value(std::string("im2col")),
                      .choices = {"im2col", "direct"},
                      .doc = "forward pass of the network's first layer: im2col spreads the taps of its few channels "
                             "over the rows, direct treats it as any layer"},
                     {.key = "array.fill_drain",
                      .type = ValueType::kText,
                      .initial = Value(std::string("systolic")),
                      .choices = {"systolic", "none"},
                      .doc =
                          "cycles to fill and drain the array, once a problem: systolic charges rows-1 and columns-1, "
                          "none charges nothing (the released model)"}},
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<BitFusionArray>(arch); },
      .precision_law = "both precisions are rounded up to 2, 4, 8 or 16 bits before their product counts"};
}

}  // namespace ldpsim
