// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/tile_cover.hpp"

#include <gtest/gtest.h>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

Problem two_groups() {
  const Layer layer{.name = "grouped", .in_channels = 4, .out_channels = 6, .in_height = 4, .in_width = 4, .groups = 2};
  return lower(layer, Pass::kForward, 2).front();
}

TileRange rows(const Problem& problem, std::int64_t group, std::int64_t first, std::int64_t last) {
  TileRange tile = whole_group(problem, group);
  tile.first[static_cast<std::size_t>(Loop::kY)] = first;
  tile.last[static_cast<std::size_t>(Loop::kY)] = last;
  return tile;
}

TEST(TileCover, AGroupIsCompleteWithItsLastTile) {
  const Problem problem = two_groups();
  TileCover cover(problem);
  EXPECT_FALSE(cover.completes_group(rows(problem, 0, 1, 4)));
  EXPECT_TRUE(cover.completes_group(rows(problem, 0, 0, 1)));
  EXPECT_THROW(cover.check_complete(), InternalError);
  EXPECT_TRUE(cover.completes_group(whole_group(problem, 1)));
  EXPECT_NO_THROW(cover.check_complete());
}

TEST(TileCover, FaultyWalksAreRefused) {
  const Problem problem = two_groups();
  TileCover cover(problem);
  EXPECT_THROW(cover.completes_group(rows(problem, 0, 2, 5)), InternalError);
  EXPECT_THROW(cover.completes_group(rows(problem, 0, 2, 2)), InternalError);
  EXPECT_FALSE(cover.completes_group(rows(problem, 0, 0, 2)));
  EXPECT_THROW(cover.completes_group(rows(problem, 0, 0, 2)), InternalError);
  EXPECT_THROW(cover.completes_group(rows(problem, 0, 1, 4)), InternalError);
}

}  // namespace
}  // namespace ldpsim
