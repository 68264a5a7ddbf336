// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// What an array must compute that does not compute the exact products of its operands: it is held against this, bit
/// by bit, and how far this is from the exact results is a finding, not a mismatch. Made without the array's own task.
struct ExpectedValues {
  /// Operands that the array puts in place of the given ones (skipped inputs); its integer sums must be those of these.
  std::optional<QuantisedTensor> moving, stationary;
  /// Arrays without integer sums: the results [batch, group, filter, y, x], to the last bit, and by how much each may
  /// differ from the exact one.
  std::vector<double> values, bounds;
};

}  // namespace ldpsim
