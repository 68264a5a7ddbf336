// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim::test {

/// A machine of filters x windows x lanes as its description has it, for the twins of value-dependent timings.
struct BrickShape {
  std::int64_t filters, windows, lanes;
  bool one_channel_sums = false, space_to_depth = false;
  std::int64_t groups_at_once = 1;
};

/// The codes of one step by column; every column has the codes of its lanes, padding as 0, in any order.
using StepCodes = std::map<std::int64_t, std::vector<std::int32_t>>;

/// Steps of a sample (or, in backward-weight, of all of them): by pallet, brick after brick.
using SampleSteps = std::vector<std::vector<StepCodes>>;

/// The steps of a tile for one set of filters: every product of the first filter is sent to the (sample, pallet, brick)
/// and column where it belongs, by arithmetic on its indices.
inline std::vector<SampleSteps> samples_of(const Problem& p, const BrickShape& shape, const QuantisedTensor& moving,
                                           const TileRange& tile) {
  const bool weight_pass = p.pass == Pass::kBackwardWeight;
  const std::int64_t side = shape.space_to_depth ? p.stride : 1;
  const auto up = [&](std::int64_t extent) { return (extent + side - 1) / side; };
  // without backward-weight the tile cuts outputs, else taps
  const std::int64_t rows = weight_pass ? p.out_height : tile.extent(Loop::kY),
                     columns = weight_pass ? p.out_width : tile.extent(Loop::kX),
                     taps_y = weight_pass ? tile.extent(Loop::kY) : up(p.kernel_height) * side,
                     taps_x = weight_pass ? tile.extent(Loop::kX) : up(p.kernel_width) * side,
                     channels = tile.extent(Loop::kChannels),
                     groups = std::min(shape.groups_at_once, p.groups - tile.group);
  const std::int64_t out_y = weight_pass ? 0 : tile.begin(Loop::kY), out_x = weight_pass ? 0 : tile.begin(Loop::kX),
                     tap_y = weight_pass ? tile.begin(Loop::kY) : 0, tap_x = weight_pass ? tile.begin(Loop::kX) : 0;
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>, StepCodes> steps;
  for (std::int64_t b = 0; b < tile.extent(Loop::kBatch); ++b)
    for (std::int64_t y = 0; y < rows; ++y)
      for (std::int64_t x = 0; x < columns; ++x)
        for (std::int64_t c = 0; c < groups * channels; ++c)
          for (std::int64_t ky = 0; ky < taps_y; ++ky)
            for (std::int64_t kx = 0; kx < taps_x; ++kx) {
              const std::int64_t window = weight_pass ? (b * rows + y) * columns + x : y * columns + x;
              std::int64_t block, place;  // bricks never cross blocks
              if (weight_pass) {
                block = 0;
                place = (c * taps_y + ky) * taps_x + kx;
              } else if (shape.one_channel_sums) {
                block = c;
                place = ky * taps_x + kx;
              } else {
                block = ky / side * up(p.kernel_width) + kx / side;
                place = (kx % side * side + ky % side) * groups * channels + c;
              }
              StepCodes& step = steps[{weight_pass ? 0 : b, window / shape.windows, block, place / shape.lanes}];
              const std::int64_t iy = p.input_y(out_y + y, tap_y + ky), ix = p.input_x(out_x + x, tap_x + kx);
              const bool real = iy >= 0 && ix >= 0;
              step[window % shape.windows].push_back(real ? moving.codes[static_cast<std::size_t>(p.moving.at(
                                                                tile.begin(Loop::kBatch) + b, tile.group + c / channels,
                                                                0, tile.begin(Loop::kChannels) + c % channels, iy, ix))]
                                                          : 0);
            }
  std::vector<SampleSteps> samples;
  std::pair<std::int64_t, std::int64_t> last{-1, -1};
  for (auto& [key, step] : steps) {
    const std::pair here{std::get<0>(key), std::get<1>(key)};
    if (here.first != last.first) samples.emplace_back();
    if (here != last) samples.back().emplace_back();
    last = here;
    samples.back().back().push_back(std::move(step));
  }
  return samples;
}

/// All of them one after the other.
inline std::vector<StepCodes> steps_of(const Problem& p, const BrickShape& shape, const QuantisedTensor& moving,
                                       const TileRange& tile) {
  std::vector<StepCodes> steps;
  for (const SampleSteps& sample : samples_of(p, shape, moving, tile))
    for (const std::vector<StepCodes>& pallet : sample) steps.insert(steps.end(), pallet.begin(), pallet.end());
  return steps;
}

}  // namespace ldpsim::test
