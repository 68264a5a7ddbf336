// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/arch/arch_spec.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

/// Which operand of a pass enters bit by bit on an array that takes one of them so: the keys array.serial_*.
class SerialChoice {
 public:
  explicit SerialChoice(const ArchSpec& arch);
  bool is_moving(Pass pass, PassBits bits) const;
  int bits(Pass pass, PassBits bits) const { return is_moving(pass, bits) ? bits.moving : bits.stationary; }

 private:
  enum class Serial { kMoving, kStationary, kFewestBits };
  std::array<Serial, 3> serial_;  ///< indexed by Pass
};

/// Defaults of array.serial_forward, array.serial_backward_data and array.serial_backward_weight.
struct SerialDefaults {
  std::string forward, backward_data, backward_weight;
};
std::vector<Parameter> serial_parameters(const SerialDefaults& defaults);

}  // namespace ldpsim
