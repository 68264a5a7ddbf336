// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// A near-zero skipper's view of an operand. Real zero lies at the code -offset/scale; the *zero code* is the nearest
/// code there is. A value is near zero if its code is at most floor(threshold * (2^bits - 1)) away from the zero code.
/// It is skipped as if it were the zero code: what remains of it is the zero code's own value, less than half a step
/// if the operand's range holds zero. With threshold 0 only the zero code itself is skipped, which changes nothing.
class NearZero {
 public:
  /// Of every element, one byte: whether it is near zero.
  static std::vector<char> elements(const QuantisedTensor& tensor, double threshold);
  /// The operand with zero codes in place of all that is near zero.
  static QuantisedTensor snapped(const QuantisedTensor& tensor, double threshold);
};

}  // namespace ldpsim
