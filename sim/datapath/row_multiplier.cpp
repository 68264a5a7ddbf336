// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/row_multiplier.hpp"

#include "sim/core/error.hpp"

namespace ldpsim {

RowMultiplier::RowMultiplier(PlaneCount moving, PlaneCount stationary) {
  rows_[kMoving].planes = moving;
  rows_[kStationary].planes = stationary;
}

void RowMultiplier::reset(Side side, std::int64_t rows, std::int64_t places) {
  Rows& r = rows_[side];
  r.rows = rows;
  r.places = places;
  r.ready = false;
  r.codes.assign(static_cast<std::size_t>(rows * places), 0);
}

void RowMultiplier::extend_signs(Rows& side) const {
  if (side.planes.negative) {
    const std::int32_t sign = 1 << (side.planes.planes - 1);
    for (std::int32_t& code : side.codes) code = ((code & (2 * sign - 1)) ^ sign) - sign;
  }
  side.ready = true;
}

void RowMultiplier::check_places() const {
  if (rows_[kMoving].places != rows_[kStationary].places)
    throw InternalError("rows of different lengths are to be multiplied");
}

}  // namespace ldpsim
