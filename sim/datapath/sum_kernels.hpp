// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ldpsim {

// What is done to integer sums after they are formed, in the widest registers of the processor at hand.

/// Smallest and largest sums met.
struct SumRange {
  std::int64_t least = 0, most = 0;
};

/// values[i] += scale * sums[i]; range is widened to hold all sums.
void add_scaled(const std::int32_t* sums, std::int64_t count, double scale, double* values, SumRange& range);

/// values[i] = factor[0]*products[i] + factor[1]*moving[i] + factor[2]*stationary[i] + factor[3]*taps[i], added in this
/// order.
struct Dequantisation {
  const std::int64_t* products;
  bool small;  ///< all products lie in -2^51 .. 2^51-1, and become real in two operations
  const double *moving, *stationary, *taps;
  double factor[4];
};
/// range is widened to hold all products.
void dequantise(const Dequantisation& sums, std::int64_t count, double* values, SumRange& range);

/// Widens range to hold all sums.
void widen(const std::int64_t* sums, std::int64_t count, SumRange& range);

/// out[i] += sums[i] << shift.
void add_wide(const std::int32_t* sums, std::int64_t count, int shift, std::int64_t* out);

}  // namespace ldpsim
