// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "sim/datapath/aligned_buffer.hpp"
#include "sim/datapath/code_kernels.hpp"
#include "sim/datapath/operand_bytes.hpp"

namespace ldpsim {

/// One block (sample or filter) of a tensor as its operand's consumer sees it: padding and inserted zeros in place.
struct PairGeometry {
  std::int64_t channels = 1, height = 1, width = 1;  ///< height, width: positions
  std::int64_t in_height = 1, in_width = 1;          ///< real elements
  std::int64_t insertion = 1, pad_y = 0, pad_x = 0;  ///< element i lies at position insertion*i + pad
  std::int64_t phases = 1;       ///< columns of equal x mod phases are neighbours, so that strided ones are contiguous
  std::int64_t whole_words = 1;  ///< columns of a phase are rounded up to a multiple of this
};

/// A tensor as pairs of channels (code_kernels.hpp): [slab][block][channel / 2][row][x mod phases][x / phases].
class PairedCodes {
 public:
  /// All zero. Throws nothing but std::bad_alloc.
  void reset(const PairGeometry& geometry, std::int64_t blocks, const PlaneCount& planes);
  /// The block's elements; `codes` is that of channel 0, row 0, column 0, `step` says where the others lie.
  void fill(std::int64_t block, const std::int32_t* codes, const AffineIndex& step);

  /// Of a single slab and channel a block: makes of each code a pair with the one `step` columns on instead.
  void pair_columns(std::int64_t blocks, std::int64_t step) { pair_neighbours(pairs_[0].data(), block(blocks), step); }

  const std::uint32_t* slab(int index) const { return pairs_[static_cast<std::size_t>(index)].data(); }
  /// Word of a block's first pair, counted from the slab's.
  std::int64_t block(std::int64_t index) const { return index * channel_pairs() * plane(); }
  /// Word of a position, counted from the channel pair's.
  std::int64_t position(std::int64_t y, std::int64_t x) const {
    return y * row() + x % geometry_.phases * columns_ + x / geometry_.phases;
  }
  std::int64_t channel_pairs() const { return (geometry_.channels + 1) / 2; }
  std::int64_t row() const { return geometry_.phases * columns_; }  ///< words of a row
  std::int64_t plane() const { return geometry_.height * row(); }   ///< words of a channel pair

 private:
  void fill_row(const CodeRows& first, CodePart part, std::int64_t column_step, std::uint32_t* row) const;

  PairGeometry geometry_;
  std::int64_t columns_ = 1;
  int slabs_ = 1;
  std::array<AlignedBuffer<std::uint32_t>, 2> pairs_;
};

/// The bits of a code that lie in slab `slab` of `slabs`; the top one carries the sign.
inline CodePart part_of(int slab, int slabs) { return {8 * slab, slab + 1 < slabs ? 0xFF : 0xFFFF}; }

}  // namespace ldpsim
