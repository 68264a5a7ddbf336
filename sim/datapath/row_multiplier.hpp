// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/datapath/operand_bytes.hpp"

namespace ldpsim {

/// Arithmetic that is not a product of bit-planes: sums of products of two sets of rows of codes, the way a machine
/// forms them.
class RowMultiplier {
 public:
  enum Side : std::size_t { kMoving, kStationary };
  virtual ~RowMultiplier() = default;

  /// Replaces one side's rows by `rows` zero rows of `places` codes.
  void reset(Side side, std::int64_t rows, std::int64_t places);
  /// Ors a byte into the code of a row: bits 8*slab .. 8*slab+7.
  void set_byte(Side side, std::int64_t row, std::int64_t place, int slab, std::uint8_t byte) {
    Rows& r = rows_[side];
    r.codes[static_cast<std::size_t>(row * r.places + place)] |= static_cast<std::int32_t>(byte) << 8 * slab;
    r.ready = false;
  }
  /// out[m * moving_step + s * stationary_step] += sum over places of row m of the moving side times row s of the
  /// stationary side. Both sides must have as many places.
  virtual void multiply(std::int64_t moving_step, std::int64_t stationary_step, std::int64_t* out) = 0;

 protected:
  RowMultiplier(PlaneCount moving, PlaneCount stationary);
  struct Rows {
    std::int64_t rows = 0, places = 0;
    PlaneCount planes;
    std::vector<std::int32_t> codes;  ///< [row][place]
    bool ready = false;               ///< codes have their signs
  };
  /// Two's complement codes came as their low bits.
  void extend_signs(Rows& side) const;
  /// Throws InternalError if the sides differ in places.
  void check_places() const;
  std::array<Rows, 2> rows_;
};

}  // namespace ldpsim
