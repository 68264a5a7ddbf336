// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/term_multiplier.hpp"

#include <algorithm>

namespace ldpsim {

void TermMultiplier::fill_lanes(std::int64_t first_row) {
  const Rows& side = rows_[kStationary];
  lanes_.assign(static_cast<std::size_t>(side.places * kLanes), 0);
  const std::int64_t rows = std::min(kLanes, side.rows - first_row);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int32_t* codes = side.codes.data() + (first_row + row) * side.places;
    for (std::int64_t place = 0; place < side.places; ++place)
      lanes_[static_cast<std::size_t>(place * kLanes + row)] = codes[place];
  }
}

void TermMultiplier::add_terms(const std::int32_t* codes, std::int64_t places) {
  for (std::int64_t place = 0; place < places; ++place) {
    const Terms terms = terms_of(codes[place], encoding_);
    const std::int64_t* lanes = &lanes_[static_cast<std::size_t>(place * kLanes)];
    for (std::uint32_t left = terms.positions(); left != 0; left &= left - 1) {
      const int position = std::countr_zero(left);
      const std::int64_t weight = (terms.added >> position & 1u) != 0 ? 1 : -1;
      // a shift of a negative number is its product with the power of two
      for (std::size_t lane = 0; lane < sums_.size(); ++lane)
        sums_[lane] += weight * static_cast<std::int64_t>(static_cast<std::uint64_t>(lanes[lane]) << position);
    }
  }
}

void TermMultiplier::multiply(std::int64_t moving_step, std::int64_t stationary_step, std::int64_t* out) {
  check_places();
  for (Rows& side : rows_) {
    if (!side.ready) extend_signs(side);
  }
  const Rows &moving = rows_[kMoving], &stationary = rows_[kStationary];
  for (std::int64_t first = 0; first < stationary.rows; first += kLanes) {
    fill_lanes(first);
    const std::int64_t lanes = std::min(kLanes, stationary.rows - first);
    for (std::int64_t row = 0; row < moving.rows; ++row) {
      sums_.fill(0);
      add_terms(moving.codes.data() + row * moving.places, moving.places);
      for (std::int64_t lane = 0; lane < lanes; ++lane)
        out[row * moving_step + (first + lane) * stationary_step] += sums_[static_cast<std::size_t>(lane)];
    }
  }
}

}  // namespace ldpsim
