// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// Numbers >= 0, each once.
class StartSet {
 public:
  /// Whether `number` is new.
  bool insert(std::int64_t number);

 private:
  std::size_t slot(std::int64_t number) const;  ///< where it is or belongs
  std::vector<std::int64_t> slots_;             ///< -1: free; a power of two, at most half taken
  std::size_t taken_ = 0;
};

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
  std::vector<std::int64_t> covered_;  ///< volume by group
  std::vector<StartSet> starts_;       ///< first element of each tile, by group
};

}  // namespace ldpsim
