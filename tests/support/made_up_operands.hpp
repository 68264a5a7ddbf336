// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/datapath_cases.hpp"

namespace ldpsim::test {

/// A problem whose operands have many small and zero values around a real zero inside their range.
inline Case sparse_case(Random& random, PassBits bits) {
  Case c = random_case(random, bits);
  for (QuantisedTensor* t : {&c.moving, &c.stationary}) {
    const std::int64_t zero =
        random.between(0, (std::int64_t{1} << t->bits) - 1) - (t->is_signed ? 1 << (t->bits - 1) : 0);
    for (std::size_t i = 0; i < t->scale.size(); ++i) t->offset[i] = -static_cast<double>(zero) * t->scale[i];
    for (std::int32_t& code : t->codes) {
      if (random.between(0, 2) != 0) continue;
      code = static_cast<std::int32_t>(zero);
    }
  }
  return c;
}

/// Visits the reduction of every output of a whole group, written out: visit(first output index, [(moving element or
/// -1, stationary element)]) with the innermost loop over channels.
struct Pair {
  std::int64_t moving, stationary;
};
inline std::vector<Pair> reduction_of(const Problem& p, std::int64_t b, std::int64_t g, std::int64_t f, std::int64_t y,
                                      std::int64_t x) {
  std::vector<Pair> pairs;
  for (std::int64_t ky = 0; ky < p.kernel_height; ++ky)
    for (std::int64_t kx = 0; kx < p.kernel_width; ++kx)
      for (std::int64_t c = 0; c < p.channels; ++c) {
        const std::int64_t iy = p.input_y(y, ky), ix = p.input_x(x, kx);
        pairs.push_back({iy < 0 || ix < 0 ? -1 : p.moving.at(b, g, 0, c, iy, ix), p.stationary.at(0, g, f, c, ky, kx)});
      }
  return pairs;
}

}  // namespace ldpsim::test
