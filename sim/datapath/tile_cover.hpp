// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// Checks that an array walks every part of a problem exactly once.
class TileCover {
 public:
  explicit TileCover(const Problem& problem);
  /// Whether this tile was the last of its group. Throws InternalError for a tile that reaches out of the problem, that
  /// was walked before, or that overfills its group.
  bool completes_group(const TileRange& tile);
  /// Throws InternalError if some group is not complete.
  void check_complete() const;

 private:
  TileShape extent_;
  std::int64_t group_volume_ = 1;
  std::vector<std::int64_t> covered_;                     ///< volume by group
  std::vector<std::unordered_set<std::int64_t>> starts_;  ///< first element of each tile, by group
};

}  // namespace ldpsim
