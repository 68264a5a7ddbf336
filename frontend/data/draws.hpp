// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <numbers>

#include "sim/core/random.hpp"

namespace ldpsim::data {

inline double uniform(Random& random, double low, double high) { return low + (high - low) * random.uniform(); }

/// Standard normal (Box, Muller 1958).
inline double normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

/// Gamma of shape > 0 and scale 1 (Marsaglia, Tsang 2000).
inline double gamma(Random& random, double shape) {
  if (shape < 1) {
    const double larger = gamma(random, shape + 1);
    return larger * std::pow(1 - random.uniform(), 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = normal(random), cube = 1 + c * x;
    if (cube <= 0) continue;
    const double v = cube * cube * cube;
    if (std::log(1 - random.uniform()) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

/// Beta of two equal shapes: symmetric about 1/2.
inline double symmetric_beta(Random& random, double shape) {
  const double one = gamma(random, shape), other = gamma(random, shape);
  return one + other > 0 ? one / (one + other) : 0.5;
}

}  // namespace ldpsim::data
