// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/datapath/aligned_buffer.hpp"
#include "sim/datapath/functional.hpp"
#include "sim/datapath/lut_kernels.hpp"
#include "sim/datapath/row_multiplier.hpp"

namespace ldpsim {

/// The arithmetic of UNPU's look-up-table PEs: sums of products of two sets of rows of codes.
///
/// Of every group of inputs of a row of the *table* operand the eight sums are built once. Each bit-plane of a row of
/// the *serial* operand addresses them; what is read is added up over the groups, shifted by the plane and accumulated;
/// the plane of the sign is subtracted. With a serial operand of one bit, bits 1 and 0 mean +1 and -1 as in the
/// machine: tables of four inputs, of which half is stored. A code c of {0, 1} then stands for 2c - 1, so
/// sum(x*c) = (sum(+-x) + sum(x)) / 2, which the multiplier returns.
class LutMultiplier final : public RowMultiplier {
 public:
  /// `bits` and the planes that count of both operands.
  LutMultiplier(Side serial, PassBits bits, PlaneCount moving, PlaneCount stationary);
  void multiply(std::int64_t moving_step, std::int64_t stationary_step, std::int64_t* out) override;

 private:
  void fill_addresses();
  void fill_tables(std::int64_t first_row, std::int64_t first_group, std::int64_t groups);
  void add_row_sums(std::int64_t first_row);
  std::int64_t groups() const { return (rows_[serial_].places + inputs_ - 1) / inputs_; }

  Side serial_, table_;
  LutForm form_;
  std::int64_t inputs_;
  std::vector<std::uint8_t> addresses_;  ///< [serial row][plane][group]
  AlignedBuffer<std::int32_t> lanes_;    ///< [place][lane]
  AlignedBuffer<std::int32_t> tables_;   ///< [group][entry][lane]
  std::array<std::int64_t, kLutLanes> row_sums_{};
};

}  // namespace ldpsim
