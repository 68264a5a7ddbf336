// SPDX-License-Identifier: Apache-2.0
#include "tests/example/outer_product.hpp"

#include <numeric>

#include "sim/datapath/functional.hpp"
#include "sim/datapath/sum_rules.hpp"
#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {
namespace {

/// rows x columns multipliers with an accumulator each. A cycle multiplies one weight of each of `rows` filters with
/// one activation of each of `columns` windows; a window is an output position of one sample.
class OuterProductArray final : public PeArray {
 public:
  explicit OuterProductArray(const ArchSpec& arch)
      : kind_(arch.text("array.kind")),
        machine_(arch.name),
        rows_(arch.integer("array.rows")),
        columns_(arch.integer("array.columns")),
        word_bits_(arch.integer("output.word_bits")),
        sums_(SumRules::of(arch, /*lanes=*/1)) {}

  const std::string& kind() const override { return kind_; }
  std::int64_t pes() const override { return rows_ * columns_; }
  void check(const Problem& problem, PassBits bits) const override { check_sums(machine_, sums_, problem, bits); }
  bool charges_full_tiles() const override { return false; }
  Cycles fill_cycles() const override { return 0; }
  Cycles drain_cycles() const override { return 0; }

  // ceil(filters / rows) x samples x ceil(windows / columns) x products of an output, a product a cycle
  Cycles closed_form_cycles(const Problem& problem, PassBits bits) const override {
    return tile_cycles(problem, bits, loop_extents(problem));
  }
  Cycles tile_cycles(const Problem& problem, PassBits, const TileShape& shape) const override {
    const TileGeometry tile(problem, shape);
    return ceil_div(tile.filters, rows_) * pallets(tile) * tile.channels * tile.taps();
  }

  // A tile may end where the grid is full: whole sets of rows, whole sets of columns. The reduction may end anywhere.
  std::array<std::vector<std::int64_t>, kLoopCount> tile_choices(const Problem& problem, PassBits) const override {
    const TileShape extents = loop_extents(problem);
    TileShape step;
    step[Loop::kFilters] = rows_;
    step[Loop::kX] = extents[Loop::kX];
    if (problem.pass != Pass::kBackwardWeight) step[Loop::kY] = columns_ / std::gcd(columns_, problem.out_width);
    std::array<std::vector<std::int64_t>, kLoopCount> choices;
    for (std::size_t l = 0; l < kLoopCount; ++l) choices[l] = doubling_sizes(step.extent[l], extents.extent[l]);
    return choices;
  }
  bool tile_allowed(const Problem&, PassBits, const TileShape&) const override { return true; }

  std::array<std::int64_t, kTensorCount> tile_bits(const Problem& problem, PassBits bits,
                                                   const TileShape& shape) const override {
    const TileGeometry tile(problem, shape);
    return {tile.filters * tile.channels * tile.taps() * bits.stationary, moving_elements(problem, tile) * bits.moving,
            tile.batch * tile.windows() * tile.filters * word_bits_};
  }
  // every cycle takes a row of weights and a column of activations; sums stay in the grid for the tile
  BufferAccesses accesses(const Problem& problem, PassBits bits, const TileShape& shape) const override {
    const TileGeometry tile(problem, shape);
    const std::int64_t products = tile.channels * tile.taps(), windows = tile.batch * tile.windows();
    BufferAccesses a;
    a.stationary_read = pallets(tile) * tile.filters * products * bits.stationary;
    a.moving_read = ceil_div(tile.filters, rows_) * windows * products * bits.moving;
    a.output_read = a.output_write = windows * tile.filters * word_bits_;
    return a;
  }
  ActionCounts overhead_actions(const Problem& problem, PassBits bits) const override {
    return sum_actions(sums_, problem, bits);
  }
  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_parallel_task(problem, bits, operands, {.moving = 16, .stationary = 16}, sums_.accumulator);
  }

 private:
  std::int64_t pallets(const TileGeometry& tile) const { return tile.batch * ceil_div(tile.windows(), columns_); }

  std::string kind_, machine_;
  std::int64_t rows_, columns_, word_bits_;
  SumRules sums_;
};

Parameter size_parameter(const std::string& key, const std::string& doc) {
  return {.key = key, .unit = "multiplier", .initial = Value(std::int64_t{16}), .least = 1, .most = 4096, .doc = doc};
}

}  // namespace

PeArrayKind outer_product_kind() {
  return {.kind = "outer_product",
          .doc = "grid of 16-bit multipliers with an accumulator each: an outer product of filters and windows a cycle",
          .parameters = {size_parameter("array.rows", "filters worked on at once"),
                         size_parameter("array.columns", "windows of a sample worked on at once")},
          .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> {
            return std::make_unique<OuterProductArray>(arch);
          }};
}

}  // namespace ldpsim
