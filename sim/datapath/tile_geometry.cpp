// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {
namespace {

/// Positions of the moving tensor between the first and the last that `outs` outputs and `taps` taps meet.
std::int64_t span(const Problem& p, std::int64_t outs, std::int64_t taps) {
  return ((outs - 1) * p.stride + (taps - 1) * p.dilation) / p.insertion + 1;
}

}  // namespace

TileGeometry::TileGeometry(const Problem& p, const TileShape& tile)
    : batch(tile[Loop::kBatch]), filters(tile[Loop::kFilters]), channels(tile[Loop::kChannels]) {
  const bool cuts_taps = p.pass == Pass::kBackwardWeight;
  outs_y = cuts_taps ? p.out_height : tile[Loop::kY];
  outs_x = cuts_taps ? p.out_width : tile[Loop::kX];
  taps_y = cuts_taps ? tile[Loop::kY] : p.kernel_height;
  taps_x = cuts_taps ? tile[Loop::kX] : p.kernel_width;
}

std::int64_t moving_elements(const Problem& problem, const TileGeometry& tile) {
  return span(problem, tile.outs_y, tile.taps_y) * span(problem, tile.outs_x, tile.taps_x) * tile.channels * tile.batch;
}

std::vector<std::int64_t> doubling_sizes(std::int64_t step, std::int64_t extent) {
  std::vector<std::int64_t> sizes;
  for (std::int64_t size = step; size < extent; size *= 2) sizes.push_back(size);
  sizes.push_back(extent);
  return sizes;
}

}  // namespace ldpsim
