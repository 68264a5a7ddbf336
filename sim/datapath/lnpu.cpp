// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/lnpu.hpp"

#include "sim/datapath/brick_array.hpp"
#include "sim/datapath/float_task.hpp"
#include "sim/datapath/lnpu_timing.hpp"

namespace ldpsim {
namespace {

NarrowRule narrow_rule(const std::string& name) {
  if (name == "window") return NarrowRule::kWindow;
  if (name == "exact") return NarrowRule::kExact;
  return name == "always" ? NarrowRule::kAlways : NarrowRule::kNever;
}

/// LNPU: lines of multipliers, a window a line and a filter a multiplier. A step is one input; at worst every datum is
/// wide and none is zero.
class LnpuArray final : public BrickArray {
 public:
  explicit LnpuArray(const ArchSpec& arch)
      : BrickArray(arch, {arch.integer("array.filters"), arch.integer("array.windows"), 1}),
        balanced_(arch.text("array.balancer") == "ideal"),
        zeros_per_cycle_(arch.integer("array.zeros_per_cycle")) {
    const FloatOverflow overflow =
        arch.text("array.float_overflow") == "saturate" ? FloatOverflow::kSaturate : FloatOverflow::kInfinity;
    rules_.narrow = float_format_of(arch.text("array.fp8_format"), arch.place_of("array.fp8_format"));
    rules_.wide = float_format_of(arch.text("array.fp16_format"), arch.place_of("array.fp16_format"));
    rules_.narrow.overflow = rules_.wide.overflow = overflow;
    rules_.rule = narrow_rule(arch.text("array.fp8_rule"));
    rules_.window = static_cast<int>(arch.integer("array.fp8_window"));
    rules_.largest_exponent = static_cast<int>(arch.integer("array.largest_exponent"));
  }

  /// Floating-point sums need neither sums of codes nor rescaling.
  ActionCounts overhead_actions(const Problem&, PassBits) const override { return {}; }
  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits,
                                            const PassOperands& operands) const override {
    return make_float_task(problem, rules_, operands);
  }
  bool value_dependent() const override { return true; }
  std::unique_ptr<ValueTiming> make_timing(const Problem& problem, PassBits,
                                           const PassOperands& operands) const override {
    return std::make_unique<LnpuTiming>(
        problem, LnpuRules{filters_, windows_, windows_are_flat(problem), balanced_, zeros_per_cycle_},
        float_data(*operands.moving, rules_), float_data(*operands.stationary, rules_));
  }
  std::shared_ptr<const ExpectedValues> expected_values(const Problem& problem, PassBits,
                                                        const PassOperands& operands) const override {
    return std::make_shared<ExpectedValues>(float_reference(problem, rules_, operands));
  }

 protected:
  Cycles step_cycles(const Problem&, PassBits) const override { return 1; }
  /// Maps of one position fill the lines with samples.
  bool windows_are_flat(const Problem& p) const override { return BrickArray::windows_are_flat(p) || p.one_position(); }

 private:
  FloatRules rules_;
  bool balanced_;
  std::int64_t zeros_per_cycle_;
};

Parameter choice(const std::string& name, const std::string& initial, const std::vector<std::string>& choices,
                 const std::string& doc) {
  return {.key = "array." + name, .type = ValueType::kText, .initial = Value(initial), .choices = choices, .doc = doc};
}

std::vector<Parameter> lnpu_parameters() {
  std::vector<Parameter> parameters;
  for (Parameter& parameter : brick_parameters(32, 24, 1, "words")) {
    if (parameter.key == "array.lanes") continue;
    if (parameter.key == "array.first_layer") parameter.choices = {"plain"};  // inputs are looked at one by one
    parameters.push_back(std::move(parameter));
  }
  const std::vector<Parameter> own{
      choice("fp8_format", "1-4-3", {"1-4-3", "1-5-2"}, "sign, exponent and mantissa bits of a narrow datum"),
      choice("fp16_format", "1-5-10", {"1-5-10", "1-6-9"},
             "sign, exponent and mantissa bits of a wide datum, of products and of accumulators"),
      choice(
          "fp8_rule", "window", {"window", "exact", "always", "never"},
          "which data are narrow: values within fp8_window binades of the tensor's largest, rounded (window); values "
          "that lose nothing (exact); all; none"),
      {.key = "array.fp8_window",
       .unit = "binade",
       .initial = Value(std::int64_t{7}),
       .least = 1,
       .most = 64,
       .doc = "binades below the tensor's largest value in which data are narrow, as far as they are normal numbers "
              "of the narrow format"},
      {.key = "array.largest_exponent",
       .unit = "",
       .initial = Value(std::int64_t{0}),
       .least = -8,
       .most = 7,
       .doc = "each tensor is scaled by a power of two so that its largest value has this exponent"},
      choice("float_overflow", "saturate", {"saturate", "infinity"},
             "what a product or sum beyond the largest number becomes: that number, or infinity"),
      choice("balancer", "none", {"none", "ideal"},
             "input load balancer: none lets the lines of a set wait for the slowest, ideal lets all lines end "
             "together, tile by tile"),
      {.key = "array.zeros_per_cycle",
       .unit = "zero",
       .initial = Value(std::int64_t{48}),
       .least = 0,
       .most = 1e6,
       .doc = "zero inputs that a line passes over in a cycle; 0: any number, for nothing"}};
  parameters.insert(parameters.end(), own.begin(), own.end());
  return parameters;
}

}  // namespace

PeArrayKind lnpu_kind() {
  return {
      .kind = "lnpu",
      .doc = "floating-point array: 8 or 16 bits datum by datum, zero inputs skipped (LNPU, ISSCC 2019)",
      .parameters = lnpu_parameters(),
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<LnpuArray>(arch); },
      .precision_law = "cycles follow zeros and the floating-point formats of the data, not the bits of their codes"};
}

}  // namespace ldpsim
