// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/datapath/minifloat.hpp"

namespace ldpsim::test {

/// Floating-point numbers the plain way, sharing nothing with the code under test: a format is the sorted list of all
/// its numbers, and rounding looks for the nearest one. Products of two significands of up to 11 bits are exact in
/// double; so are sums, except of numbers so far apart that the smaller is far below half a step of the larger.
class NumberList {
 public:
  explicit NumberList(int exponent_bits, int mantissa_bits) {
    const int bias = (1 << (exponent_bits - 1)) - 1;
    for (int exponent = 0; exponent < (1 << exponent_bits) - 1; ++exponent)
      for (int mantissa = 0; mantissa < 1 << mantissa_bits; ++mantissa) {
        const double fraction = mantissa * std::pow(2.0, -mantissa_bits);
        numbers_.push_back(exponent == 0 ? fraction * std::pow(2.0, 1 - bias)
                                         : (1 + fraction) * std::pow(2.0, exponent - bias));
      }
    step_at_end_ = numbers_.back() - numbers_[numbers_.size() - 2];
    sign_ = 1u << (exponent_bits + mantissa_bits);
    nan_ = static_cast<std::uint32_t>(numbers_.size()) | 1u << (mantissa_bits - 1);
  }
  /// Bits of the nearest number; of two equally near ones the even bits, as neighbours differ in parity.
  std::uint32_t nearest(double value, bool saturate) const {
    if (std::isnan(value)) return nan_;
    const std::uint32_t sign = std::signbit(value) ? sign_ : 0, end = static_cast<std::uint32_t>(numbers_.size());
    const double magnitude = std::abs(value);
    std::uint32_t bits = 0;
    if (magnitude >= numbers_.back()) {
      const bool over = magnitude >= numbers_.back() + step_at_end_ / 2;
      bits = over && !(saturate && !std::isinf(value)) ? end : end - 1;
    } else {
      const auto above = std::upper_bound(numbers_.begin(), numbers_.end(), magnitude);
      bits = static_cast<std::uint32_t>(above - numbers_.begin()) - 1;
      const double down = magnitude - numbers_[bits], up = *above - magnitude;
      if (up < down || (up == down && bits % 2 == 1)) ++bits;
    }
    return sign | bits;
  }
  double number(std::uint32_t bits) const {
    const std::uint32_t magnitude = bits & (sign_ - 1);
    double value = std::numeric_limits<double>::quiet_NaN();
    if (magnitude < numbers_.size()) value = numbers_[magnitude];
    if (magnitude == numbers_.size()) value = std::numeric_limits<double>::infinity();
    return (bits & sign_) != 0 ? -value : value;
  }
  bool is_nan(std::uint32_t bits) const { return (bits & (sign_ - 1)) > numbers_.size(); }
  std::uint32_t all() const { return 2 * sign_; }

 private:
  std::vector<double> numbers_;
  double step_at_end_ = 0;
  std::uint32_t sign_ = 0, nan_ = 0;
};

}  // namespace ldpsim::test
