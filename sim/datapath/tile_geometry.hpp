// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// A tile in the terms of a convolution: in forward and backward-data y, x cut the outputs, in backward-weight the
/// taps.
struct TileGeometry {
  std::int64_t batch, filters, channels, outs_y, outs_x, taps_y, taps_x;
  TileGeometry(const Problem& p, const TileShape& tile);
  std::int64_t windows() const { return outs_y * outs_x; }  ///< of one sample
  std::int64_t taps() const { return taps_y * taps_x; }
  std::int64_t macs() const { return batch * filters * channels * windows() * taps(); }
};

/// Elements of the moving tensor that a tile touches, padding counted, inserted zeros not.
std::int64_t moving_elements(const Problem& problem, const TileGeometry& tile);

/// step, 2*step, 4*step, ... and, last, extent itself.
std::vector<std::int64_t> doubling_sizes(std::int64_t step, std::int64_t extent);

}  // namespace ldpsim
