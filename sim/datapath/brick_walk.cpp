// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/brick_walk.hpp"

#include <algorithm>

#include "sim/core/math.hpp"

namespace ldpsim {

BrickWalk::BrickWalk(const Problem& problem, const BrickRules& rules, const QuantisedTensor& moving)
    : problem_(problem), rules_(rules), moving_(&moving) {}

std::int64_t BrickWalk::filter_sets(const TileRange& tile) const {
  return ceil_div(tile.extent(Loop::kFilters) * rules_.groups_at_once, rules_.filters);
}

std::vector<std::vector<BrickWalk::Window>> BrickWalk::window_sets(const TileRange& tile) const {
  const bool over_kernel = problem_.pass == Pass::kBackwardWeight;
  const std::int64_t y_first = over_kernel ? 0 : tile.begin(Loop::kY),
                     y_last = over_kernel ? problem_.out_height : tile.end(Loop::kY),
                     x_first = over_kernel ? 0 : tile.begin(Loop::kX),
                     x_last = over_kernel ? problem_.out_width : tile.end(Loop::kX);
  std::vector<std::vector<Window>> sets;
  for (std::int64_t b = tile.begin(Loop::kBatch); b < tile.end(Loop::kBatch); ++b) {
    if (sets.empty() || !over_kernel) sets.emplace_back();
    for (std::int64_t y = y_first; y < y_last; ++y)
      for (std::int64_t x = x_first; x < x_last; ++x) sets.back().push_back({b, y, x});
  }
  return sets;
}

void BrickWalk::cut(const std::vector<Place>& places, std::vector<std::vector<Place>>& bricks) const {
  const auto size = static_cast<std::int64_t>(places.size());
  for (std::int64_t first = 0; first < size; first += rules_.lanes)
    bricks.emplace_back(places.begin() + first, places.begin() + std::min(first + rules_.lanes, size));
}

std::vector<std::vector<BrickWalk::Place>> BrickWalk::bricks(const TileRange& tile) const {
  const Problem& p = problem_;
  const std::int64_t first = tile.begin(Loop::kChannels), last = tile.end(Loop::kChannels);
  std::vector<std::vector<Place>> bricks;
  std::vector<Place> places;
  if (p.pass == Pass::kBackwardWeight) {
    for (std::int64_t c = first; c < last; ++c)
      for (std::int64_t ky = tile.begin(Loop::kY); ky < tile.end(Loop::kY); ++ky)
        for (std::int64_t kx = tile.begin(Loop::kX); kx < tile.end(Loop::kX); ++kx)
          places.push_back({tile.group, c, ky, kx});
    cut(places, bricks);
    return bricks;
  }
  if (rules_.one_channel_sums) {
    for (std::int64_t c = first; c < last; ++c, places.clear()) {
      for (std::int64_t ky = 0; ky < p.kernel_height; ++ky)
        for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) places.push_back({tile.group, c, ky, kx});
      cut(places, bricks);
    }
    return bricks;
  }
  // folded or not, a tap is a square of positions that are side by side in the lanes
  const std::int64_t side = rules_.space_to_depth ? p.stride : 1;
  const std::int64_t end_group = std::min(tile.group + rules_.groups_at_once, p.groups);
  for (std::int64_t ky = 0; ky < p.kernel_height; ky += side)
    for (std::int64_t kx = 0; kx < p.kernel_width; kx += side, places.clear()) {
      for (std::int64_t sx = 0; sx < side; ++sx)
        for (std::int64_t sy = 0; sy < side; ++sy)
          for (std::int64_t g = tile.group; g < end_group; ++g)
            for (std::int64_t c = first; c < last; ++c) places.push_back({g, c, ky + sy, kx + sx});
      cut(places, bricks);
    }
  return bricks;
}

std::int32_t BrickWalk::code(const Window& window, const Place& place) const {
  const std::int64_t y = problem_.input_y(window.y, place.tap_y), x = problem_.input_x(window.x, place.tap_x);
  if (y < 0 || x < 0) return 0;
  return moving_
      ->codes[static_cast<std::size_t>(problem_.moving.at(window.batch, place.group, 0, place.channel, y, x))];
}

void BrickWalk::for_each_step(const TileRange& tile, const std::function<void(const BrickStep&)>& visit) const {
  const std::vector<std::vector<Place>> all_bricks = bricks(tile);
  std::vector<std::int32_t> codes(static_cast<std::size_t>(rules_.windows * rules_.lanes));
  for (const std::vector<Window>& windows : window_sets(tile)) {
    const auto count = static_cast<std::int64_t>(windows.size());
    for (std::int64_t first = 0; first < count; first += rules_.windows) {
      const std::int64_t columns = std::min(rules_.windows, count - first);
      for (const std::vector<Place>& brick : all_bricks) {
        std::fill(codes.begin(), codes.end(), 0);
        for (std::int64_t column = 0; column < columns; ++column) {
          std::int32_t* lane = &codes[static_cast<std::size_t>(column * rules_.lanes)];
          for (const Place& place : brick) *lane++ = code(windows[static_cast<std::size_t>(first + column)], place);
        }
        visit({.columns = columns,
               .values = static_cast<std::int64_t>(brick.size()),
               .codes = codes,
               .lanes = rules_.lanes});
      }
    }
  }
}

}  // namespace ldpsim
