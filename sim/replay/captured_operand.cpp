// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/captured_operand.hpp"

#include <algorithm>
#include <bit>

#include "sim/core/error.hpp"

namespace ldpsim {

OperandNames operands_of(Pass pass) {
  switch (pass) {
    case Pass::kForward:
      return {"activation", "weight"};
    case Pass::kBackwardData:
      return {"gradient", "weight"};
    case Pass::kBackwardWeight:
      return {"activation", "gradient"};
  }
  throw InternalError("pass out of range");
}

QuantisedTensor tensor_of(TraceOperand&& operand) {
  QuantisedTensor t;
  t.shape = std::move(operand.shape);
  t.bits = operand.bits;
  t.codes.assign(operand.codes.begin(), operand.codes.end());
  t.scale = std::move(operand.scale);
  t.offset = std::move(operand.offset);
  const std::int32_t largest = t.codes.empty() ? 0 : *std::max_element(t.codes.begin(), t.codes.end());
  t.bits = std::max(t.bits, static_cast<int>(std::bit_width(static_cast<std::uint32_t>(largest))));
  return t;
}

}  // namespace ldpsim
