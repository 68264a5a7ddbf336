// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/lut_multiplier.hpp"

#include "sim/core/index.hpp"

#include <algorithm>

namespace ldpsim {
namespace {

constexpr std::int64_t kGroupsAtOnce = 64;  ///< whose tables stay in the nearer caches

}  // namespace

LutMultiplier::LutMultiplier(Side serial, PassBits bits, PlaneCount moving, PlaneCount stationary)
    : RowMultiplier(moving, stationary), serial_(serial), table_(serial == kMoving ? kStationary : kMoving) {
  const int serial_bits = serial == kMoving ? bits.moving : bits.stationary;
  form_ = serial_bits == 1 ? LutForm::kSigns : LutForm::kSubsets;
  inputs_ = lut_inputs(form_);
}

void LutMultiplier::fill_addresses() {
  Rows& serial = rows_[serial_];
  if (serial.ready) return;
  extend_signs(serial);
  addresses_.resize(at(serial.rows * serial.planes.planes * groups()));
  std::uint8_t* address = addresses_.data();
  for (std::int64_t row = 0; row < serial.rows; ++row) {
    const std::int32_t* codes = serial.codes.data() + row * serial.places;
    for (int plane = 0; plane < serial.planes.planes; ++plane)
      for (std::int64_t first = 0; first < serial.places; first += inputs_) {
        const std::int64_t inputs = std::min(inputs_, serial.places - first);
        unsigned bits = 0;
        for (std::int64_t i = 0; i < inputs; ++i)
          bits |= (static_cast<unsigned>(codes[first + i]) >> plane & 1u) << static_cast<unsigned>(i);
        *address++ = lut_address(form_, bits);
      }
  }
}

void LutMultiplier::fill_tables(std::int64_t first_row, std::int64_t first_group, std::int64_t groups) {
  const Rows& table = rows_[table_];
  const std::int64_t first = first_group * inputs_, places = groups * inputs_;
  const std::int64_t real = std::min(places, table.places - first), rows = std::min(kLutLanes, table.rows - first_row);
  std::int32_t* lanes = lanes_.resize(kGroupsAtOnce * 4 * kLutLanes);
  std::fill_n(lanes, places * kLutLanes, 0);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int32_t* codes = table.codes.data() + (first_row + row) * table.places + first;
    for (std::int64_t place = 0; place < real; ++place) lanes[place * kLutLanes + row] = codes[place];
  }
  build_luts(form_, lanes, groups, tables_.resize(kGroupsAtOnce * kLutEntries * kLutLanes));
}

void LutMultiplier::add_row_sums(std::int64_t first_row) {
  const Rows& table = rows_[table_];
  const std::int64_t rows = std::min(kLutLanes, table.rows - first_row);
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int32_t* codes = table.codes.data() + (first_row + row) * table.places;
    row_sums_[at(row)] = 0;
    for (std::int64_t place = 0; place < table.places; ++place) row_sums_[at(row)] += codes[place];
  }
}

void LutMultiplier::multiply(std::int64_t moving_step, std::int64_t stationary_step, std::int64_t* out) {
  Rows &serial = rows_[serial_], &table = rows_[table_];
  check_places();
  fill_addresses();
  if (!table.ready) extend_signs(table);
  const std::int64_t serial_step = serial_ == kMoving ? moving_step : stationary_step,
                     table_step = serial_ == kMoving ? stationary_step : moving_step;
  const std::int64_t all_groups = groups(), planes = serial.planes.planes;
  std::array<std::int32_t, kLutLanes> sums;
  std::vector<std::int64_t> signed_sums(at(serial.rows * kLutLanes));
  for (std::int64_t first_row = 0; first_row < table.rows; first_row += kLutLanes) {
    std::fill(signed_sums.begin(), signed_sums.end(), 0);
    for (std::int64_t group = 0; group < all_groups; group += kGroupsAtOnce) {
      const std::int64_t count = std::min(kGroupsAtOnce, all_groups - group);
      fill_tables(first_row, group, count);
      for (std::int64_t row = 0; row < serial.rows; ++row)
        for (std::int64_t plane = 0; plane < planes; ++plane) {
          read_luts(form_, tables_.data(), &addresses_[at((row * planes + plane) * all_groups + group)], count,
                    sums.data());
          const bool negative = serial.planes.negative && plane == planes - 1;
          const std::int64_t weight = (negative ? -1 : 1) * (std::int64_t{1} << plane);
          std::int64_t* row_sums = &signed_sums[at(row * kLutLanes)];
          for (std::size_t lane = 0; lane < sums.size(); ++lane) row_sums[lane] += weight * sums[lane];
        }
    }
    const std::int64_t rows = std::min(kLutLanes, table.rows - first_row);
    if (form_ == LutForm::kSigns) add_row_sums(first_row);
    const std::int64_t sign = serial.planes.negative ? -1 : 1;
    for (std::int64_t row = 0; row < serial.rows; ++row)
      for (std::int64_t lane = 0; lane < rows; ++lane) {
        std::int64_t sum = signed_sums[at(row * kLutLanes + lane)];
        // of a code c in {0, 1} the machine saw 2c - 1
        if (form_ == LutForm::kSigns) sum = (sum + sign * row_sums_[at(lane)]) / 2;
        out[row * serial_step + (first_row + lane) * table_step] += sum;
      }
  }
}

}  // namespace ldpsim
