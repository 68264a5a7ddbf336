// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/tile_cover.hpp"

#include "sim/core/error.hpp"

namespace ldpsim {

TileCover::TileCover(const Problem& problem)
    : extent_(loop_extents(problem)),
      covered_(static_cast<std::size_t>(problem.groups)),
      starts_(static_cast<std::size_t>(problem.groups)) {
  for (const std::int64_t extent : extent_.extent) group_volume_ *= extent;
}

bool TileCover::completes_group(const TileRange& tile) {
  std::int64_t volume = 1, start = 0;
  for (std::size_t l = 0; l < kLoopCount; ++l) {
    if (tile.first[l] < 0 || tile.last[l] > extent_.extent[l] || tile.first[l] >= tile.last[l]) {
      throw InternalError("a tile reaches out of its problem");
    }
    volume *= tile.last[l] - tile.first[l];
    start = start * extent_.extent[l] + tile.first[l];
  }
  const auto group = static_cast<std::size_t>(tile.group);
  if (!starts_.at(group).insert(start).second) throw InternalError("a tile is walked twice");
  covered_[group] += volume;
  if (covered_[group] > group_volume_) throw InternalError("tiles overlap");
  return covered_[group] == group_volume_;
}

void TileCover::check_complete() const {
  for (const std::int64_t covered : covered_) {
    if (covered != group_volume_) throw InternalError("the walk left out part of the problem");
  }
}

}  // namespace ldpsim
