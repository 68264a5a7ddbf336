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
};

/// Each step takes as long as the widest of its groups of windows.
class LoomTiming final : public BrickTiming {
 public:
  LoomTiming(const BrickWalk& walk, std::int64_t staggered_columns, const Trimming& trimming)
      : BrickTiming(walk, staggered_columns), trimming_(trimming) {}

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
        trimming_windows_(arch.integer("array.trimming_windows")) {}

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_bit_serial_task(problem, bits, operands, sums_.accumulator);
  }
  bool value_dependent() const override { return trims_; }
  std::unique_ptr<ValueTiming> make_timing(const Problem& problem, PassBits bits,
                                           const PassOperands& operands) const override {
    if (!trims_) return BrickArray::make_timing(problem, bits, operands);
    return std::make_unique<LoomTiming>(BrickWalk(problem, rules(problem), *operands.moving),
                                        staggers(problem) ? windows_ : 0,
                                        Trimming{serial_bits_, trimming_windows_, bits});
  }

 protected:
  Cycles step_cycles(const Problem&, PassBits bits) const override {
    return ceil_div(bits.moving, serial_bits_) * bits.stationary;
  }

 private:
  std::int64_t serial_bits_;
  bool trims_;
  std::int64_t trimming_windows_;
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
  kind.parameters.push_back(linear_columns_parameter());
  return kind;
}

}  // namespace ldpsim
