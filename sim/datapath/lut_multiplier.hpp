// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/datapath/aligned_buffer.hpp"
#include "sim/datapath/functional.hpp"
#include "sim/datapath/lut_kernels.hpp"
#include "sim/datapath/operand_bytes.hpp"

namespace ldpsim {

/// The arithmetic of UNPU's look-up-table PEs: sums of products of two sets of rows of codes.
///
/// Of every group of inputs of a row of the *table* operand the eight sums are built once. Each bit-plane of a row of
/// the *serial* operand addresses them; what is read is added up over the groups, shifted by the plane and accumulated;
/// the plane of the sign is subtracted. With a serial operand of one bit, bits 1 and 0 mean +1 and -1 as in the
/// machine: tables of four inputs, of which half is stored. A code c of {0, 1} then stands for 2c - 1, so
/// sum(x*c) = (sum(+-x) + sum(x)) / 2, which the multiplier returns.
class LutMultiplier {
 public:
  enum Side : std::size_t { kMoving, kStationary };
  /// `bits` and the planes that count of both operands.
  LutMultiplier(Side serial, PassBits bits, PlaneCount moving, PlaneCount stationary);

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
  void multiply(std::int64_t moving_step, std::int64_t stationary_step, std::int64_t* out);

 private:
  struct Rows {
    std::int64_t rows = 0, places = 0;
    PlaneCount planes;
    std::vector<std::int32_t> codes;  ///< [row][place]
    bool ready = false;               ///< codes have their signs; addresses are those of codes
  };
  void extend_signs(Rows& side) const;
  void fill_addresses();
  void fill_tables(std::int64_t first_row, std::int64_t first_group, std::int64_t groups);
  void add_row_sums(std::int64_t first_row);
  std::int64_t groups() const { return (rows_[serial_].places + inputs_ - 1) / inputs_; }

  Side serial_, table_;
  LutForm form_;
  std::int64_t inputs_;
  std::array<Rows, 2> rows_;
  std::vector<std::uint8_t> addresses_;  ///< [serial row][plane][group]
  AlignedBuffer<std::int32_t> lanes_;    ///< [place][lane]
  AlignedBuffer<std::int32_t> tables_;   ///< [group][entry][lane]
  std::array<std::int64_t, kLutLanes> row_sums_{};
};

}  // namespace ldpsim
