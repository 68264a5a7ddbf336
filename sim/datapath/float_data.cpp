// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/float_data.hpp"

#include <algorithm>
#include <cmath>

#include "sim/datapath/real_values.hpp"

namespace ldpsim {
namespace {

/// Exponent of the leading one; 0 for zero.
int exponent_of(const UnpackedFloat& number) {
  int leading = 0;
  for (std::uint32_t rest = number.significand; rest > 1; rest >>= 1) ++leading;
  return number.exponent + leading;
}

bool goes_narrow(double scaled, const FloatRules& rules) {
  const UnpackedFloat wide = unpack_float(float_of(scaled, rules.wide), rules.wide);
  if (rules.rule == NarrowRule::kNever) return false;
  if (rules.rule == NarrowRule::kAlways || wide.significand == 0) return true;
  const std::uint32_t narrow = float_of(scaled, rules.narrow);
  if (rules.rule == NarrowRule::kExact)
    return value_of(narrow, rules.narrow) == value_of(float_of(scaled, rules.wide), rules.wide);
  const int exponent = exponent_of(wide);
  return exponent > rules.largest_exponent - rules.window && exponent >= rules.narrow.least_exponent() &&
         (narrow & ~rules.narrow.sign_bit()) < rules.narrow.infinity();
}

}  // namespace

FloatData float_data(const QuantisedTensor& tensor, const FloatRules& rules) {
  const std::vector<double> values = real_values(tensor);
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  FloatData data;
  data.shift = largest == 0 ? 0 : std::ilogb(largest) - rules.largest_exponent;
  data.numbers.reserve(values.size());
  data.is_wide.reserve(values.size());
  for (const double value : values) {
    const double scaled = std::ldexp(value, -data.shift);
    const bool narrow = goes_narrow(scaled, rules);
    const FloatFormat& format = narrow ? rules.narrow : rules.wide;
    data.numbers.push_back(unpack_float(float_of(scaled, format), format));
    data.is_wide.push_back(!narrow);
  }
  return data;
}

}  // namespace ldpsim
