// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// An order of the five loops, outermost first.
using LoopOrder = std::array<Loop, kLoopCount>;

/// A relative order of some of the loops, written down from the innermost outwards.
class OrderCode {
 public:
  OrderCode outside(std::size_t loop) const { return OrderCode(value_ * kBase + static_cast<unsigned>(loop) + 1); }
  unsigned value() const { return value_; }
  static constexpr unsigned kBase = kLoopCount + 1, kCodes = kBase * kBase * kBase * kBase * kBase;
  OrderCode() = default;

 private:
  explicit OrderCode(unsigned value) : value_(value) {}
  unsigned value_ = 0;
};

/// Of all full orders (lexicographic in Loop) in which the loops of `code` stand in that relative order, the first.
/// Loops of one trip change nothing, so it represents them all.
struct FirstOrder {
  int index = -1;  ///< among all 120
  LoopOrder order{};
};
const FirstOrder& first_order(OrderCode code);

}  // namespace ldpsim
