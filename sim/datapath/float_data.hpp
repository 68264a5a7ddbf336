// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/datapath/functional.hpp"
#include "sim/datapath/minifloat.hpp"

namespace ldpsim {

/// Which data of a tensor a machine with two floating-point formats keeps in the narrow one.
///   window  values within `window` binades of the tensor's largest that are normal numbers of the narrow format; they
///           are rounded to it
///   exact   values that the narrow format holds without loss
///   always, never
/// Zero is narrow unless nothing is.
enum class NarrowRule { kWindow, kExact, kAlways, kNever };

struct FloatRules {
  FloatFormat narrow{4, 3}, wide{5, 10};
  NarrowRule rule = NarrowRule::kWindow;
  int window = 7;            ///< binades
  int largest_exponent = 0;  ///< every tensor is scaled by a power of two so that its largest value has this exponent
};

/// A tensor as such a machine keeps it: element i is numbers[i] * 2^shift.
struct FloatData {
  std::vector<UnpackedFloat> numbers;
  std::vector<char> is_wide;
  int shift = 0;
};

/// Real values (code*scale + offset) rounded to data.
FloatData float_data(const QuantisedTensor& tensor, const FloatRules& rules);

}  // namespace ldpsim
