// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "sim/arch/pe_array.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::test {

/// A random one of the sizes that the array offers for every loop, such that the array allows the tile.
inline TileShape random_tile(Random& random, const PeArray& array, const Problem& problem, PassBits bits) {
  const auto choices = array.tile_choices(problem, bits);
  for (;;) {
    TileShape tile;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      tile.extent[loop] =
          choices[loop]
                 [static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(choices[loop].size()) - 1))];
    }
    if (array.tile_allowed(problem, bits, tile)) return tile;
  }
}

/// Cycles of all tiles, one by one, the last of every loop cut to the problem.
inline Cycles tile_by_tile(const PeArray& array, const Problem& problem, PassBits bits, const TileShape& tile) {
  const TileShape extents = loop_extents(problem);
  std::array<std::int64_t, kLoopCount> first{};
  Cycles cycles = 0;
  for (std::size_t loop = 0; loop < kLoopCount;) {
    TileShape cut = tile;
    for (std::size_t l = 0; l < kLoopCount; ++l) cut.extent[l] = std::min(tile.extent[l], extents.extent[l] - first[l]);
    cycles += array.tile_cycles(problem, bits, cut);
    for (loop = 0; loop < kLoopCount; ++loop) {
      first[loop] += tile.extent[loop];
      if (first[loop] < extents.extent[loop]) break;
      first[loop] = 0;
    }
  }
  return cycles;
}

}  // namespace ldpsim::test
