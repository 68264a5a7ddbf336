// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/stripes.hpp"

#include <algorithm>

#include "sim/datapath/brick_array.hpp"

namespace ldpsim {
namespace {

enum class Serial { kMoving, kStationary, kFewestBits };

/// A choice between the two operands of a pass by name, as array.serial_* gives it.
Serial serial_of(const ArchSpec& arch, const std::string& key, const std::string& moving) {
  const std::string& choice = arch.text(key);
  return choice == "fewest_bits" ? Serial::kFewestBits : choice == moving ? Serial::kMoving : Serial::kStationary;
}

class StripesArray final : public BrickArray {
 public:
  explicit StripesArray(const ArchSpec& arch)
      : BrickArray(arch),
        drain_(arch.integer("array.drain_cycles")),
        serial_{serial_of(arch, "array.serial_forward", "activation"),
                serial_of(arch, "array.serial_backward_data", "gradient"),
                serial_of(arch, "array.serial_backward_weight", "activation")} {}

  Cycles drain_cycles() const override { return drain_; }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_bit_serial_task(problem, bits, operands, sums_.accumulator);
  }

 protected:
  /// A cycle for every bit of the serial operand.
  Cycles step_cycles(const Problem& p, PassBits bits) const override {
    const Serial choice = serial_[static_cast<std::size_t>(p.pass)];
    if (choice == Serial::kFewestBits) return std::min(bits.moving, bits.stationary);
    return choice == Serial::kMoving ? bits.moving : bits.stationary;
  }

 private:
  Cycles drain_;
  std::array<Serial, 3> serial_;  ///< indexed by Pass
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
  PeArrayKind kind{
      .kind = "stripes",
      .doc =
          "bit-serial array: filters x windows x lanes, one operand a bit a cycle against the other in 16-bit "
          "registers (MICRO 2016)",
      .parameters = brick_parameters(256, 16, 16, "packed"),
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<StripesArray>(arch); },
      .precision_law = "cycles follow the bits of the serial operand alone, the other one lies in 16-bit registers"};
  for (const Parameter& parameter :
       {Parameter{.key = "array.drain_cycles",
       .unit = "cycle",
       .initial = Value(std::int64_t{0}),
       .least = 0,
       .most = 1e6,
       .doc = "cycles from the last bit to the last result, charged when the "
              "array stops for want of work; not "
              "published, 0 in comparisons with publications"},
        serial_parameter("forward", "activation", {"activation", "weight", "fewest_bits"}),
        serial_parameter("backward_data", "gradient", {"gradient", "weight", "fewest_bits"}),
        serial_parameter("backward_weight", "fewest_bits", {"activation", "gradient", "fewest_bits"})}) {
    kind.parameters.push_back(parameter);
  }
  return kind;
}

}  // namespace ldpsim
