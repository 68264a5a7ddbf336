// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// How a BrickArray cuts a problem into steps.
struct BrickRules {
  std::int64_t filters = 1, windows = 1, lanes = 1;  ///< worked on at once
  bool space_to_depth = false;                       ///< stride x stride positions are folded into the channels
  bool one_channel_sums = false;    ///< a brick holds taps of one channel instead of channels of one tap
  std::int64_t groups_at_once = 1;  ///< whose channels share a brick
};

/// The moving codes that enter the columns in one step.
struct BrickStep {
  std::int64_t columns = 0;             ///< in use; the last pallet of a sample may fill fewer than there are
  std::int64_t values = 0;              ///< lanes of a column in use: elements of the reduction, padding included
  std::span<const std::int32_t> codes;  ///< [column][lane], `lanes` a column; 0 for padding and idle lanes
  std::int64_t lanes = 0;
  std::span<const std::int32_t> column(std::int64_t c) const {
    return codes.subspan(static_cast<std::size_t>(c * lanes), static_cast<std::size_t>(lanes));
  }
};

/// Walks the steps of tiles with the codes that enter: what arrays need whose cycles depend on them. The same steps as
/// BrickArray counts; a padded or inserted element enters as code 0.
class BrickWalk {
 public:
  /// `moving` must outlive this.
  BrickWalk(const Problem& problem, const BrickRules& rules, const QuantisedTensor& moving);
  /// Calls `visit` for every step of one set of filters: pallet after pallet, in each brick after brick. Every set of
  /// filters walks the same. What a step spans is valid during the call.
  void for_each_step(const TileRange& tile, const std::function<void(const BrickStep&)>& visit) const;
  std::int64_t filter_sets(const TileRange& tile) const;
  /// Sets of windows that do not share pallets.
  std::int64_t samples(const TileRange& tile) const {
    return problem_.pass == Pass::kBackwardWeight ? 1 : tile.extent(Loop::kBatch);
  }
  /// Steps of a pallet against one set of filters.
  std::int64_t brick_count(const TileRange& tile) const { return static_cast<std::int64_t>(bricks(tile).size()); }

 private:
  struct Window {
    std::int64_t batch, y, x;
  };
  struct Place {
    std::int64_t group, channel, tap_y, tap_x;
  };
  /// Windows that may share pallets: those of one sample, or all of a backward-weight tile.
  std::vector<std::vector<Window>> window_sets(const TileRange& tile) const;
  /// Bricks of the reduction of any window.
  std::vector<std::vector<Place>> bricks(const TileRange& tile) const;
  void cut(const std::vector<Place>& places, std::vector<std::vector<Place>>& bricks) const;
  std::int32_t code(const Window& window, const Place& place) const;

  Problem problem_;
  BrickRules rules_;
  const QuantisedTensor* moving_;
};

}  // namespace ldpsim
