// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/tile_cover.hpp"

#include <algorithm>

#include "sim/core/error.hpp"

namespace ldpsim {

std::size_t StartSet::slot(std::int64_t number) const {
  const std::size_t mask = slots_.size() - 1;
  const std::uint64_t spread = static_cast<std::uint64_t>(number) * 0x9E3779B97F4A7C15u;
  std::size_t i = static_cast<std::size_t>(spread >> 32) & mask;
  while (slots_[i] >= 0 && slots_[i] != number) i = (i + 1) & mask;
  return i;
}

bool StartSet::insert(std::int64_t number) {
  if (2 * taken_ >= slots_.size()) {
    std::vector<std::int64_t> old(std::max<std::size_t>(64, 2 * slots_.size()), -1);
    old.swap(slots_);
    for (const std::int64_t known : old) {
      if (known >= 0) slots_[slot(known)] = known;
    }
  }
  const std::size_t i = slot(number);
  if (slots_[i] == number) return false;
  slots_[i] = number;
  ++taken_;
  return true;
}

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
  if (!starts_.at(group).insert(start)) throw InternalError("a tile is walked twice");
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
