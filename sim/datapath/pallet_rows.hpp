// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ldpsim {

/// Rows of the activation eDRAM that the pallets of one picture touch, tap by tap of one kernel row. A row holds
/// `row_bricks` bricks of neighbouring x; every line of the picture begins a new one. Windows are taken in row-major
/// order, `windows` a pallet, the first at the beginning of a line.
struct PalletRows {
  std::int64_t windows = 16, row_bricks = 16;
  std::int64_t stride = 1, dilation = 1, pad = 0, insertion = 1;  ///< along x, as in Problem
  std::int64_t in_width = 1, out_width = 1, taps = 1;
  std::int64_t hidden = 0;  ///< rows of a pallet that cost no time

  /// Rows that the windows first .. first+count-1, counted from the beginning of a line, touch at tap kx.
  std::int64_t touched(std::int64_t first, std::int64_t count, std::int64_t kx) const;
  /// Rows beyond the hidden ones, summed over the pallets of `all` windows and the taps.
  std::int64_t missing(std::int64_t all) const;
};

}  // namespace ldpsim
