// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>

namespace ldpsim {

using Cycles = std::int64_t;  ///< clock cycles of the simulated machine
/// A sum over a schedule. One pass fits 64 bits (Layer::check and Pricing see to that); 50,000 updates of a language
/// model do not.
using Total = __int128;

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
constexpr std::int64_t round_up(std::int64_t a, std::int64_t step) { return ceil_div(a, step) * step; }
/// Smallest power of two that is >= a, for a >= 1.
constexpr std::int64_t ceil_pow2(std::int64_t a) {
  return static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(a)));
}

}  // namespace ldpsim
