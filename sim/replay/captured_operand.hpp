// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/datapath/functional.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {

/// Names of the tensors that a pass multiplies, as traces have them.
struct OperandNames {
  const char *moving, *stationary;
};
OperandNames operands_of(Pass pass);

/// A captured operand as the arrays take it. A damaged code may exceed its bits; it is taken as it stands, and the
/// tensor's bits are those that hold it.
QuantisedTensor tensor_of(TraceOperand&& operand);

}  // namespace ldpsim
