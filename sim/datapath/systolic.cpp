// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/systolic.hpp"

#include <algorithm>
#include <numeric>

#include "sim/datapath/sum_rules.hpp"
#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {
namespace {

constexpr int kWordBits = 8;  ///< operands of a multiplier
constexpr std::int64_t kEndless = std::int64_t{1} << 60;

/// Extents of a matrix product, or how many of each a fold takes.
struct Product {
  std::int64_t pixels = 1;  ///< windows over the batch
  std::int64_t filters = 1;
  std::int64_t reduction = 1;  ///< of one integer sum
  std::int64_t sums = 1;       ///< integer sums that make an output: 1, or one a channel
};

/// Sizes from 1 on, and those of `aligned`; ascending.
std::vector<std::int64_t> all_sizes(const std::vector<std::int64_t>& aligned) {
  std::vector<std::int64_t> sizes = doubling_sizes(1, aligned.back());
  sizes.insert(sizes.end(), aligned.begin(), aligned.end());
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

/// Whether pieces of `outer` x `inner` of a run of outer_extent x inner_extent, `unit` elements each, fill all parts of
/// `width` elements but the last; a part without end may be cut anywhere.
bool cuts_evenly(std::int64_t outer, std::int64_t outer_extent, std::int64_t inner, std::int64_t inner_extent,
                 std::int64_t unit, std::int64_t width) {
  if (width == kEndless) return true;
  if (inner == inner_extent) return outer == outer_extent || outer * inner * unit % width == 0;
  return inner * unit % width == 0 && (outer_extent == 1 || inner_extent * unit % width == 0);
}

/// A *fold* is what the array does between filling and draining: it holds rows x columns of one operand or of the
/// outputs and the rest streams through.
///
/// | dataflow          | rows      | columns | stream    | fill and drain of a fold |
/// |-------------------|-----------|---------|-----------|--------------------------|
/// | output_stationary | windows   | filters | reduction | rows + columns - 2       |
/// | weight_stationary | reduction | filters | windows   | 2*rows + columns - 2     |
/// | input_stationary  | reduction | windows | filters   | 2*rows + columns - 2     |
class SystolicArray final : public PeArray {
 public:
  explicit SystolicArray(const ArchSpec& arch)
      : kind_(arch.text("array.kind")),
        machine_(arch.name),
        rows_(arch.integer("array.rows")),
        columns_(arch.integer("array.columns")),
        held_(held_of(arch.text("array.dataflow"))),
        stream_limit_(arch.integer("array.stream_limit")),
        pipelined_(arch.text("array.folds") == "pipelined"),
        packed_(arch.text("array.operand_storage") == "packed"),
        word_bits_(arch.integer("output.word_bits")),
        sums_(SumRules::of(arch, held_ == Tensor::kOutput ? 1 : rows_)) {
    even_ = held_ == Tensor::kOutput       ? Product{.pixels = rows_, .filters = columns_, .reduction = kEndless}
            : held_ == Tensor::kStationary ? Product{.pixels = kEndless, .filters = columns_, .reduction = rows_}
                                           : Product{.pixels = columns_, .filters = kEndless, .reduction = rows_};
    fold_ = even_;
    for (std::int64_t* extent : {&fold_.pixels, &fold_.filters, &fold_.reduction}) {
      if (*extent == kEndless && stream_limit_ > 0) *extent = stream_limit_;
    }
  }

  const std::string& kind() const override { return kind_; }
  std::int64_t pes() const override { return rows_ * columns_; }
  void check(const Problem& problem, PassBits bits) const override { check_sums(machine_, sums_, problem, bits); }
  bool charges_full_tiles() const override { return false; }
  /// Of pipelined folds, which overlap, those of the first and of the last.
  Cycles fill_cycles() const override { return pipelined_ && held_ != Tensor::kOutput ? rows_ : 0; }
  Cycles drain_cycles() const override { return pipelined_ ? rows_ + columns_ - 2 : 0; }

  Cycles closed_form_cycles(const Problem& p, PassBits bits) const override {
    return work(product_of(p, loop_extents(p)), bits);
  }
  Cycles tile_cycles(const Problem& p, PassBits bits, const TileShape& tile) const override {
    return work(product_of(p, tile), bits);
  }

  bool has_tile_overhead() const override { return true; }
  TileOverhead tile_overhead(const Problem& p, PassBits bits, const TileShape& tile) const override {
    const Product product = product_of(p, tile);
    const std::int64_t load = held_ == Tensor::kOutput ? 0 : rows_;
    if (!pipelined_) return {.fill_drain = folds(product) * (load + rows_ + columns_ - 2)};
    // the next fold's operand loads behind the stream of this one, if that is long enough
    const Product streamed = stream_limit_ == 0 ? product_of(p, loop_extents(p)) : product;
    const std::int64_t whole = stream(streamed) / stream(fold_), rest = stream(streamed) % stream(fold_);
    const auto exposed = [&](std::int64_t operands) { return std::max<Cycles>(0, load - operands * passes(bits)); };
    const Cycles once = whole * exposed(stream(fold_)) + (rest > 0 ? exposed(rest) : 0);
    return {.fill_drain = folds(product) / ceil_div(stream(product), stream(fold_)) * once};
  }
  std::array<bool, kLoopCount> continued_loops(const Problem& p, PassBits, const TileShape&) const override {
    std::array<bool, kLoopCount> continued{};
    const bool drains_with_channel = held_ == Tensor::kOutput && sums_.one_channel_sums(p);
    if (drains_with_channel || stream_limit_ > 0) return continued;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop)
      continued[loop] = !depends_on(p.pass, held_, static_cast<Loop>(loop));
    return continued;
  }

  std::array<std::vector<std::int64_t>, kLoopCount> tile_choices(const Problem& p, PassBits) const override {
    const TileShape extents = loop_extents(p);
    std::array<std::vector<std::int64_t>, kLoopCount> choices;
    const auto offer = [&](Loop loop, std::int64_t width, std::int64_t unit) {
      auto& sizes = choices[static_cast<std::size_t>(loop)];
      sizes = doubling_sizes(width == kEndless ? 1 : width / std::gcd(width, unit), extents[loop]);
      return &sizes;
    };
    const auto with_one = [](std::vector<std::int64_t>* sizes) {
      if (sizes->front() != 1) sizes->insert(sizes->begin(), 1);
    };
    const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
    offer(Loop::kFilters, even_.filters, 1);
    offer(Loop::kX, 1, 1)->assign(1, extents[Loop::kX]);
    auto* batch = offer(Loop::kBatch, even_.pixels, windows);
    auto* channels = offer(Loop::kChannels, sums_.one_channel_sums(p) ? 1 : even_.reduction, taps);
    if (p.pass == Pass::kBackwardWeight) {
      offer(Loop::kY, even_.reduction, p.kernel_width);
      with_one(channels);
    } else {
      offer(Loop::kY, even_.pixels, p.out_width);
      with_one(batch);
    }
    return choices;
  }

  std::array<std::vector<std::int64_t>, kLoopCount> last_resort_choices(const Problem& p,
                                                                        PassBits bits) const override {
    auto choices = tile_choices(p, bits);
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      if (loop != static_cast<std::size_t>(Loop::kX)) choices[loop] = all_sizes(choices[loop]);
    }
    return choices;
  }

  /// Tiles hold whole folds; what streams through them may be cut anywhere.
  bool tile_allowed(const Problem& p, PassBits, const TileShape& tile) const override {
    const TileShape extents = loop_extents(p);
    if (tile[Loop::kX] != extents[Loop::kX]) return false;
    const std::int64_t windows = p.out_height * p.out_width;
    const auto evenly = [&](Loop outer, Loop inner, std::int64_t unit, std::int64_t width) {
      return cuts_evenly(tile[outer], extents[outer], tile[inner], extents[inner], unit, width);
    };
    const bool weights = p.pass == Pass::kBackwardWeight;
    const bool filters = cuts_evenly(tile[Loop::kFilters], extents[Loop::kFilters], 1, 1, 1, even_.filters);
    const bool pixels = weights ? cuts_evenly(tile[Loop::kBatch], p.batch, 1, 1, windows, even_.pixels)
                                : evenly(Loop::kBatch, Loop::kY, p.out_width, even_.pixels);
    const bool reduction =
        weights ? evenly(Loop::kChannels, Loop::kY, p.kernel_width, even_.reduction)
                : sums_.one_channel_sums(p) || cuts_evenly(tile[Loop::kChannels], p.channels, 1, 1,
                                                           p.kernel_height * p.kernel_width, even_.reduction);
    return filters && pixels && reduction;
  }

  std::array<std::int64_t, kTensorCount> tile_bits(const Problem& p, PassBits bits,
                                                   const TileShape& shape) const override {
    const TileGeometry tile(p, shape);
    return {tile.filters * tile.channels * tile.taps() * stored(bits.stationary),
            moving_elements(p, tile) * stored(bits.moving), tile.batch * tile.windows() * tile.filters * word_bits_};
  }

  /// What is held is read once; what streams is read by every fold; partial sums that leave the array with every fold
  /// are added up in the output buffer.
  BufferAccesses accesses(const Problem& p, PassBits bits, const TileShape& shape) const override {
    const Product all = product_of(p, shape);
    const std::int64_t reduction = all.reduction * all.sums;
    const std::int64_t stationary = all.filters * reduction * ceil_div(all.pixels, fold_.pixels);
    const std::int64_t moving = all.pixels * reduction * ceil_div(all.filters, fold_.filters);
    const std::int64_t outputs =
        all.pixels * all.filters * all.sums * ceil_div(all.reduction, fold_.reduction) * word_bits_;
    BufferAccesses a;
    a.stationary_read = stationary * stored(bits.stationary);
    a.moving_read = moving * stored(bits.moving);
    a.output_read = a.output_write = outputs;
    a.register_write = a.stationary_read + a.moving_read;
    return a;
  }

  ActionCounts overhead_actions(const Problem& problem, PassBits bits) const override {
    return sum_actions(sums_, problem, bits);
  }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_parallel_task(problem, bits, operands, {word(bits.moving), word(bits.stationary)}, sums_.accumulator);
  }

 private:
  static Tensor held_of(const std::string& dataflow) {
    return dataflow == "output_stationary"   ? Tensor::kOutput
           : dataflow == "weight_stationary" ? Tensor::kStationary
                                             : Tensor::kMoving;
  }
  static int word(int bits) { return bits <= kWordBits ? kWordBits : 2 * kWordBits; }
  std::int64_t stored(int bits) const { return packed_ ? bits : word(bits); }
  /// Times that the stream passes: once for every pair of 8-bit halves.
  static std::int64_t passes(PassBits bits) {
    return word(bits.moving) / kWordBits * (word(bits.stationary) / kWordBits);
  }

  Product product_of(const Problem& p, const TileShape& shape) const {
    const TileGeometry tile(p, shape);
    const std::int64_t sums = sums_.one_channel_sums(p) ? tile.channels : 1;
    return {.pixels = tile.batch * tile.windows(),
            .filters = tile.filters,
            .reduction = tile.channels * tile.taps() / sums,
            .sums = sums};
  }
  std::int64_t stream(const Product& p) const {
    return held_ == Tensor::kOutput ? p.reduction : held_ == Tensor::kStationary ? p.pixels : p.filters;
  }
  std::int64_t folds(const Product& p) const {
    return ceil_div(p.pixels, fold_.pixels) * ceil_div(p.filters, fold_.filters) *
           ceil_div(p.reduction, fold_.reduction) * p.sums;
  }
  Cycles work(const Product& p, PassBits bits) const {
    return folds(p) / ceil_div(stream(p), stream(fold_)) * stream(p) * passes(bits);
  }

  std::string kind_, machine_;
  std::int64_t rows_, columns_;
  Tensor held_;  ///< what stays in the array while the rest streams through
  std::int64_t stream_limit_;
  bool pipelined_, packed_;
  std::int64_t word_bits_;
  SumRules sums_;
  Product even_;  ///< what tiles are cut by so that every fold is as full as can be; kEndless: the stream
  Product fold_;  ///< what a fold takes at most
};

std::vector<Parameter> systolic_parameters() {
  return {
      {.key = "array.rows",
       .unit = "PE",
       .initial = Value(std::int64_t{32}),
       .least = 1,
       .most = 4096,
       .doc = "rows of the array"},
      {.key = "array.columns",
       .unit = "PE",
       .initial = Value(std::int64_t{32}),
       .least = 1,
       .most = 4096,
       .doc = "columns of the array"},
      {.key = "array.dataflow",
       .type = ValueType::kText,
       .initial = Value(std::string("output_stationary")),
       .choices = {"output_stationary", "weight_stationary", "input_stationary"},
       .doc =
           "what a fold holds while the rest streams through. With Px windows over the batch, T products an output and "
           "F filters of a group, steps = 1, 2 or 4 for operands of 8x8, 8x16 or 16x16 bits: output_stationary "
           "ceil(Px/rows) x ceil(F/columns) folds of T x steps + rows+columns-2 cycles; weight_stationary ceil(T/rows) "
           "x "
           "ceil(F/columns) folds of Px x steps + 2 x rows+columns-2; input_stationary ceil(T/rows) x ceil(Px/columns) "
           "folds of F x steps + 2 x rows+columns-2. SCALE-Sim's formulas; it reports each layer one cycle short (the "
           "number of its last cycle, counted from 0), rounds the outputs of a strided layer up where this program "
           "drops the rest, and knows neither batch, padding nor operands of 16 bits"},
      {.key = "array.folds",
       .type = ValueType::kText,
       .initial = Value(std::string("separate")),
       .choices = {"separate", "pipelined"},
       .doc = "separate: a fold fills and drains the array by itself (SCALE-Sim); pipelined: it runs into the drain of "
              "the "
              "one before, and its operand is loaded meanwhile, so that fill and drain are paid once a group, and per "
              "fold "
              "only what of the loading (rows cycles) is longer than its stream"},
      {.key = "array.stream_limit",
       .unit = "operand",
       .initial = Value(std::int64_t{0}),
       .least = 0,
       .most = 1e9,
       .doc =
           "operands that stream through a fold at most, e.g. as many as each column has accumulators; longer streams "
           "are cut into folds of their own; 0: no limit (SCALE-Sim)"},
      {.key = "array.operand_storage",
       .type = ValueType::kText,
       .initial = Value(std::string("words")),
       .choices = {"packed", "words"},
       .doc = "operands in buffers and DRAM: packed takes as many bits as their precision, words 8 or 16 bits each"},
  };
}

}  // namespace

PeArrayKind systolic_kind() {
  return {
      .kind = "systolic",
      .doc =
          "systolic array of 8-bit multipliers, rows x columns; matrix products in folds, 8x16 bits at half and 16x16 "
          "bits at a quarter of the rate (as TPU v1, ISCA 2017; formulas of SCALE-Sim)",
      .parameters = systolic_parameters(),
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<SystolicArray>(arch); },
      .precision_law = "operands of up to 8 bits take the same time, and each of more bits doubles it"};
}

}  // namespace ldpsim
