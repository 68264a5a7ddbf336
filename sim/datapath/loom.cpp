// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/loom.hpp"

#include <algorithm>
#include <bit>

#include "sim/datapath/brick_array.hpp"
#include "sim/datapath/brick_timing.hpp"

namespace ldpsim {
namespace {

/// What the hardware of trimming needs to know.
struct Trimming {
  std::int64_t serial_bits = 1;  ///< bits of the moving operand that enter a cycle
  std::int64_t windows = 16;     ///< of a group with one precision
  PassBits bits;
  std::int64_t staggered_columns = 0;  ///< 0: all columns work on the same step
};

/// Columns that begin one step after the other: a cycle after the one before, or as soon as the next column is free.
class StaggeredColumns {
 public:
  explicit StaggeredColumns(std::int64_t columns) : ends_(static_cast<std::size_t>(columns), 0) {}
  void add(Cycles step) {
    Cycles& end = ends_[at_];
    const Cycles begin = std::max(next_, end);
    next_ = begin + 1;
    end = begin + step;
    last_ = std::max(last_, end);
    at_ = (at_ + 1) % ends_.size();
  }
  Cycles last() const { return last_; }

 private:
  std::vector<Cycles> ends_;
  std::size_t at_ = 0;
  Cycles next_ = 0, last_ = 0;
};

/// Each step takes as long as the widest of its groups of windows.
class LoomTiming final : public BrickTiming {
 public:
  LoomTiming(const BrickWalk& walk, const Trimming& trimming) : BrickTiming(walk), trimming_(trimming) {}

 protected:
  /// Groups of windows take the place of columns.
  StepCost cost_of(const BrickStep& step) const override {
    StepCost cost;
    for (std::int64_t first = 0; first < step.columns; first += trimming_.windows) {
      const std::int64_t columns = std::min(trimming_.windows, step.columns - first);
      const std::int64_t bits = trimmed_bits(step.codes.subspan(static_cast<std::size_t>(first * step.lanes),
                                                                static_cast<std::size_t>(columns * step.lanes)));
      cost.parts.push_back(ceil_div(bits, trimming_.serial_bits) * trimming_.bits.stationary);
      cost.terms += columns * step.values * bits;
    }
    cost.skipped_terms = step.columns * step.values * trimming_.bits.moving - cost.terms;
    return cost;
  }

  Cycles cycles_of(const std::vector<std::vector<Cycles>>& steps, std::int64_t samples,
                   std::int64_t rounds) const override {
    if (trimming_.staggered_columns == 0) return BrickTiming::cycles_of(steps, samples, rounds);
    const std::size_t bricks = steps.size() / static_cast<std::size_t>(samples);
    Cycles cycles = 0;
    for (std::size_t first = 0; first < steps.size(); first += bricks) {
      StaggeredColumns columns(trimming_.staggered_columns);
      for (std::int64_t round = 0; round < rounds; ++round)
        for (std::size_t brick = 0; brick < bricks; ++brick) columns.add(steps[first + brick].front());
      cycles += columns.last();
    }
    return cycles;
  }

 private:
  /// Bits that hold every code of a group: at least one, and one for the sign if codes have any.
  std::int64_t trimmed_bits(std::span<const std::int32_t> codes) const {
    std::uint32_t set = 0;
    for (const std::int32_t code : codes) set |= static_cast<std::uint32_t>(code < 0 ? ~code : code);
    const int bits = std::max(1, static_cast<int>(std::bit_width(set))) + (trimming_.bits.moving_signed ? 1 : 0);
    return std::min(bits, trimming_.bits.moving);
  }

  Trimming trimming_;
};

class LoomArray final : public BrickArray {
 public:
  explicit LoomArray(const ArchSpec& arch)
      : BrickArray(arch),
        serial_bits_(arch.integer("array.serial_bits")),
        trims_(arch.text("array.trimming") == "dynamic"),
        trimming_windows_(arch.integer("array.trimming_windows")),
        staggers_(arch.text("array.linear_columns") == "staggered") {}

  /// Staggered: n steps of c cycles in w columns, one after the other.
  Cycles closed_form_cycles(const Problem& p, PassBits bits) const override {
    if (!staggers(p)) return BrickArray::closed_form_cycles(p, bits);
    const Cycles step = step_cycles(p, bits);
    const std::int64_t count = steps(p).total() / p.batch;
    if (step <= windows_) return p.batch * (count - 1 + step);
    return p.batch * (ceil_div(count, windows_) * step + (count - 1) % windows_);
  }

  /// Staggered columns end with every tile.
  bool tiles_add_up() const override { return !staggers_; }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_bit_serial_task(problem, bits, operands, sums_.accumulator);
  }
  bool value_dependent() const override { return trims_; }
  std::unique_ptr<ValueTiming> make_timing(const Problem& problem, PassBits bits,
                                           const PassOperands& operands) const override {
    if (!trims_) return BrickArray::make_timing(problem, bits, operands);
    return std::make_unique<LoomTiming>(
        BrickWalk(problem, rules(problem), *operands.moving),
        Trimming{serial_bits_, trimming_windows_, bits, staggers(problem) ? windows_ : 0});
  }

 protected:
  Cycles step_cycles(const Problem&, PassBits bits) const override {
    return ceil_div(bits.moving, serial_bits_) * bits.stationary;
  }

 private:
  bool staggers(const Problem& p) const {
    return staggers_ && p.kind == LayerKind::kLinear && p.pass != Pass::kBackwardWeight &&
           p.out_height * p.out_width == 1;
  }

  std::int64_t serial_bits_;
  bool trims_;
  std::int64_t trimming_windows_;
  bool staggers_;
};

}  // namespace

PeArrayKind loom_kind() {
  PeArrayKind kind{
      .kind = "loom",
      .doc =
          "bit-serial array: filters x windows x lanes, both operands bit by bit, so that a step takes the product of "
          "their precisions (DAC 2018)",
      .parameters = brick_parameters(128, 16, 16, "packed"),
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<LoomArray>(arch); },
      .precision_law =
          "cycles of a full array follow the product of both precisions; trimming takes fewer, as values allow"};
  kind.parameters.push_back({.key = "array.serial_bits",
                             .unit = "bit",
                             .initial = Value(std::int64_t{1}),
                             .least = 1,
                             .most = 16,
                             .doc = "bits of the moving operand (activations, gradients) that enter a cycle; the "
                                    "published variants have 1, 2 and 4"});
  kind.parameters.push_back({.key = "array.trimming",
                             .type = ValueType::kText,
                             .initial = Value(std::string("none")),
                             .choices = {"none", "dynamic"},
                             .doc = "dynamic: a step takes the bits that the codes of its group of windows really "
                                    "need; cycles then depend on the operands' values"});
  kind.parameters.push_back({.key = "array.trimming_windows",
                             .unit = "window",
                             .initial = Value(std::int64_t{16}),
                             .least = 1,
                             .most = 4096,
                             .doc = "windows of a group that is trimmed together; of several groups in a step the "
                                    "widest sets the pace"});
  kind.parameters.push_back({.key = "array.linear_columns",
                             .type = ValueType::kText,
                             .initial = Value(std::string("staggered")),
                             .choices = {"staggered", "windows"},
                             .doc = "linear layers of one window a sample, forward and backward-data: staggered begins "
                                    "a step a cycle in the next column, or as soon as it is free, so that n steps of c "
                                    "cycles in w columns take n + c - 1 cycles, or ceil(n/w) x c + (n-1) mod w if c is "
                                    "above w; windows leaves all columns but one idle"});
  return kind;
}

}  // namespace ldpsim
