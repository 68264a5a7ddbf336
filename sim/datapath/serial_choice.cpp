// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/serial_choice.hpp"

namespace ldpsim {

SerialChoice::SerialChoice(const ArchSpec& arch) {
  const auto choice = [&](const std::string& pass, const std::string& moving) {
    const std::string& name = arch.text("array.serial_" + pass);
    return name == "fewest_bits" ? Serial::kFewestBits : name == moving ? Serial::kMoving : Serial::kStationary;
  };
  serial_ = {choice("forward", "activation"), choice("backward_data", "gradient"),
             choice("backward_weight", "activation")};
}

bool SerialChoice::is_moving(Pass pass, PassBits bits) const {
  const Serial choice = serial_[static_cast<std::size_t>(pass)];
  return choice == Serial::kFewestBits ? bits.moving <= bits.stationary : choice == Serial::kMoving;
}

std::vector<Parameter> serial_parameters(const SerialDefaults& defaults) {
  const auto parameter = [](const std::string& pass, const std::string& initial,
                            const std::vector<std::string>& choices) {
    return Parameter{.key = "array.serial_" + pass,
                     .type = ValueType::kText,
                     .initial = Value(initial),
                     .choices = choices,
                     .doc = "operand of " + pass +
                            " that enters bit by bit and whose bits are the cycles of a step; fewest_bits takes the "
                            "shorter one, layer by layer"};
  };
  return {parameter("forward", defaults.forward, {"activation", "weight", "fewest_bits"}),
          parameter("backward_data", defaults.backward_data, {"gradient", "weight", "fewest_bits"}),
          parameter("backward_weight", defaults.backward_weight, {"activation", "gradient", "fewest_bits"})};
}

}  // namespace ldpsim
