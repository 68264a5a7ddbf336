// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/pallet_rows.hpp"

#include <algorithm>
#include <numeric>

#include "sim/core/math.hpp"

namespace ldpsim {

std::int64_t PalletRows::touched(std::int64_t first, std::int64_t count, std::int64_t kx) const {
  std::int64_t rows = 0, last_row = -1;
  for (std::int64_t w = first; w < first + count; ++w) {
    const std::int64_t ox = w % out_width, position = ox * stride + kx * dilation - pad;
    if (ox == 0) last_row = -1;  // another line
    if (position < 0 || position % insertion != 0 || position / insertion >= in_width) continue;
    const std::int64_t row = position / insertion / row_bricks;
    rows += row != last_row;
    last_row = row;
  }
  return rows;
}

std::int64_t PalletRows::missing(std::int64_t all) const {
  const auto lacking = [&](std::int64_t first, std::int64_t count) {
    std::int64_t sum = 0;
    for (std::int64_t kx = 0; kx < taps; ++kx) sum += std::max<std::int64_t>(0, touched(first, count, kx) - hidden);
    return sum;
  };
  // the places of the pallets in the lines recur
  const std::int64_t pallets = all / windows, period = out_width / std::gcd(out_width, windows);
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < std::min(period, pallets); ++i)
    sum += lacking(i * windows % out_width, windows) * ceil_div(pallets - i, period);
  return sum + (all % windows > 0 ? lacking(pallets * windows % out_width, all % windows) : 0);
}

}  // namespace ldpsim
