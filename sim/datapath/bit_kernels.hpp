// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace ldpsim {

/// The loops that decide how fast values are simulated: AND and popcount over packed bit-planes in the widest registers
/// of the processor at hand, chosen at run time.
///
/// Layouts. A *word* is 32 places of a reduction, one bit-plane of one row. Rows: [row][word][plane]. A *panel*
/// interleaves as many rows as a register has 32-bit lanes, so that one word of a broadcast row meets a word of each of
/// them and no sum ever crosses lanes: [block of rows][word][plane][half][lane]. Processors without a popcount of
/// registers look counts up by nibble; for them a panel has two halves, the low and the high nibbles of each byte, each
/// in place 0..3 of its byte.
enum class PopcountPath { kNibbleTable, kInstruction };

/// Words that one call of multiply_planes may reduce over without leaving 32 bits: 32 * 255 * 255 * 1024 < 2^31.
inline constexpr std::int64_t kMostWords = 1024;
inline constexpr int kMostPlanes = 8;

struct KernelShape {
  std::int64_t lanes = 0;  ///< rows of a block of a panel
  int halves = 1;
};
KernelShape kernel_shape();
const char* kernel_target();  ///< "AVX2", "AVX3_DL", ...

/// Makes the kernels use `path` from now on instead of the processor's best; nothing restores the best. Panels filled
/// before are void. For tests; a path this processor's kernels do not have is ignored, and false is returned.
bool force_popcount_path(std::optional<PopcountPath> path);

/// Cuts bytes into bit-planes: rows[word][plane] bit i = bit `plane` of bytes[32*word + i]. `words` words of 32 bytes;
/// planes 1..8.
void pack_planes(const std::uint8_t* bytes, std::int64_t words, int planes, std::uint32_t* rows);

std::int64_t panel_size(std::int64_t rows, std::int64_t words, int planes);
/// Interleaves rows [row][word][plane] into a panel; lanes without a row are zero.
void fill_panel(const std::uint32_t* rows, std::int64_t row_count, std::int64_t words, int planes,
                std::uint32_t* panel);

/// One side of a product of planes: 1..8 planes of which the top one may count negative (two's complement).
struct PlaneRows {
  const std::uint32_t* data = nullptr;
  std::int64_t count = 0;  ///< rows
  std::int64_t words = 0;  ///< words of a row
  int planes = 1;
  bool negative = false;
};

/// out[r * pitch + l] = sum over places of panel row l times row r, words first_word .. first_word + word_count - 1 (at
/// most kMostWords). pitch = rows of the panel rounded up to lanes. `digit` planes of `rows` (1 or 2) make one serial
/// step.
void multiply_planes(const PlaneRows& panel, const PlaneRows& rows, std::int64_t first_word, std::int64_t word_count,
                     int digit, std::int32_t* out);

/// sums[r] = sum of the codes of row r: its planes ANDed with ones.
void sum_rows(const PlaneRows& rows, std::int64_t* sums);

/// A serial operand, whose bits are spread to the masks 0 and ~0, times `lanes` parallel ones:
/// out[l] = sum over taps, planes j of +-2^j * (taps[tap][l] & masks[tap][j]).
/// Whole registers are computed and written: taps and out have slack, pitch >= lanes. At most 32768 taps, to stay
/// within 32 bits.
struct SerialSum {
  const std::int16_t* taps = nullptr;  ///< [tap][pitch], each -128..255
  std::int64_t tap_count = 0, pitch = 0, lanes = 0;
  const std::uint32_t* masks = nullptr;  ///< [tap][planes]
  int planes = 1;                        ///< 1..8
  bool negative = false;                 ///< the top plane counts negative
};
void serial_sum(const SerialSum& operands, std::int32_t* out);

}  // namespace ldpsim
