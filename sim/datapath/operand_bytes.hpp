// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "sim/datapath/aligned_buffer.hpp"
#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// Bit-planes of an operand, counted from the lowest, and how they fall into slabs of 8: the bytes of a code.
struct PlaneCount {
  int planes = 1;         ///< 1..16
  bool negative = false;  ///< the top plane counts negative
  int slabs() const { return (planes + 7) / 8; }
  int planes_of(int slab) const { return slab == 0 && planes > 8 ? 8 : planes - 8 * slab; }
  bool negative_in(int slab) const { return negative && slab == slabs() - 1; }
};

/// Checks that every code of `tensor` fits `bits` and counts the planes that have any work: the top planes of unsigned
/// codes that are zero in the whole tensor are left out. Signed codes are widened to `width` planes. Throws UserError
/// naming code and element.
PlaneCount count_planes(const QuantisedTensor& tensor, const char* role, int bits, bool is_signed, int width);

/// The part of a problem's axis whose real elements some tap meets: positions insertion*index + pad in [0, extent).
struct RealSpan {
  std::int64_t first = 0, last = 0;
};
RealSpan real_span(std::int64_t inputs, std::int64_t insertion, std::int64_t pad, std::int64_t extent);

/// The moving operand as bytes, padded and with the inserted zeros in place, so that the taps of a window lie in order.
/// Position (y, x) of a tap is output*stride + kernel*dilation. Columns of equal x mod dilation are neighbours: a row
/// of taps is one contiguous run.
class MovingBytes {
 public:
  enum class Order { kChannelsInner, kChannelsOuter };
  void fill(const Problem& problem, const QuantisedTensor& tensor, int slabs, Order order);
  /// Of channel 0 at output column ox, kernel column 0. Further channels lie channel_step() apart, kernel columns
  /// column_step().
  const std::uint8_t* at(int slab, std::int64_t b, std::int64_t g, std::int64_t c, std::int64_t y,
                         std::int64_t output_x) const {
    return bytes_[static_cast<std::size_t>(slab)].data() + offset(b, g, c, y, output_x * stride_);
  }
  std::int64_t channel_step() const { return channel_; }
  std::int64_t column_step() const { return column_; }
  std::int64_t row_step() const { return row_; }

 private:
  std::int64_t offset(std::int64_t b, std::int64_t g, std::int64_t c, std::int64_t y, std::int64_t x) const {
    const std::int64_t column = dilation_ == 1 ? x * column_ : x % dilation_ * phase_ + x / dilation_ * column_;
    return b * batch_ + g * group_ + c * channel_ + y * row_ + column;
  }
  std::array<AlignedBuffer<std::uint8_t>, 2> bytes_;
  std::int64_t batch_ = 0, group_ = 0, channel_ = 0, row_ = 0, phase_ = 0, column_ = 0, stride_ = 1, dilation_ = 1;
};

/// The stationary operand as bytes [group, filter, kernel row, kernel column, channel].
class StationaryBytes {
 public:
  void fill(const Problem& problem, const QuantisedTensor& tensor, int slabs);
  const std::uint8_t* at(int slab, std::int64_t g, std::int64_t f, std::int64_t c, std::int64_t ky,
                         std::int64_t kx) const {
    return bytes_[static_cast<std::size_t>(slab)].data() + g * group_ + f * filter_ + ky * row_ + kx * column_ + c;
  }

 private:
  std::array<AlignedBuffer<std::uint8_t>, 2> bytes_;
  std::int64_t group_ = 0, filter_ = 0, row_ = 0, column_ = 0;
};

}  // namespace ldpsim
