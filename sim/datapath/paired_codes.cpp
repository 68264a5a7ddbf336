// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/paired_codes.hpp"

#include <algorithm>

#include "sim/core/math.hpp"

namespace ldpsim {

void PairedCodes::reset(const PairGeometry& geometry, std::int64_t blocks, const PlaneCount& planes) {
  geometry_ = geometry;
  slabs_ = planes.slabs();
  columns_ = round_up(ceil_div(geometry.width, geometry.phases), geometry.whole_words);
  for (int slab = 0; slab < slabs_; ++slab) {
    AlignedBuffer<std::uint32_t>& pairs = pairs_[static_cast<std::size_t>(slab)];
    std::fill_n(pairs.resize(block(blocks)), block(blocks), 0u);
  }
}

void PairedCodes::fill(std::int64_t index, const std::int32_t* codes, const AffineIndex& step) {
  const PairGeometry& g = geometry_;
  const RealSpan ys = real_span(g.in_height, g.insertion, g.pad_y, g.height);
  for (int slab = 0; slab < slabs_; ++slab)
    for (std::int64_t pair = 0; pair < channel_pairs(); ++pair)
      for (std::int64_t y = ys.first; y < ys.last; ++y) {
        const std::int32_t* low = codes + 2 * pair * step.channel + y * step.y;
        const bool odd = 2 * pair + 1 == g.channels;
        std::uint32_t* row = pairs_[static_cast<std::size_t>(slab)].data() + block(index) + pair * plane() +
                             (y * g.insertion + g.pad_y) * this->row();
        fill_row({.low = low, .high = odd ? nullptr : low + step.channel}, part_of(slab, slabs_), step.x, row);
      }
}

/// One row of real elements, those of each phase at once.
void PairedCodes::fill_row(const CodeRows& first, CodePart part, std::int64_t column_step, std::uint32_t* row) const {
  const PairGeometry& g = geometry_;
  const RealSpan xs = real_span(g.in_width, g.insertion, g.pad_x, g.width);
  const auto from = [&](std::int64_t x, std::int64_t step, std::int64_t count) {
    return CodeRows{.low = first.low + x * column_step,
                    .high = first.high == nullptr ? nullptr : first.high + x * column_step,
                    .step = step * column_step,
                    .count = count};
  };
  if (g.insertion > 1) {
    for (std::int64_t x = xs.first; x < xs.last; ++x)
      pair_codes(from(x, 1, 1), part, row + position(0, x * g.insertion + g.pad_x));
    return;
  }
  for (std::int64_t x = xs.first; x < std::min(xs.first + g.phases, xs.last); ++x) {
    pair_codes(from(x, g.phases, ceil_div(xs.last - x, g.phases)), part, row + position(0, x + g.pad_x));
  }
}

}  // namespace ldpsim
