// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sim/datapath/sum_kernels.hpp"

namespace ldpsim {

/// Products of whole codes in the widest registers of the processor at hand: the same sums as those of bit_kernels.hpp,
/// without cutting codes into planes. Faster where the processor cannot count the bits of a register.
///
/// A *pair* is two neighbouring channels at one position: two 16-bit numbers, each a byte of a code (-128..255), in one
/// 32-bit word, the even channel low. A *register* holds pair_lanes() words.
std::int64_t pair_lanes();

/// Pairs that one call may reduce over without leaving 32 bits: 2 * 255 * 255 * 16384 < 2^31.
inline constexpr std::int64_t kMostPairs = 16384;
/// Filters that share the loads of moving pairs.
inline constexpr std::int64_t kFilterBlock = 4;

/// The bits of a code that make one byte: (code >> shift) & mask, as a 16-bit number.
struct CodePart {
  int shift = 0;
  std::int32_t mask = 0xFFFF;
};

/// pairs[i] = parts of low[i * step] and high[i * step]; 0 for `high` null.
struct CodeRows {
  const std::int32_t *low = nullptr, *high = nullptr;
  std::int64_t step = 1, count = 0;
};
void pair_codes(const CodeRows& rows, CodePart part, std::uint32_t* pairs);

/// Lanes are neighbouring windows. out[f * pitch + w * pair_lanes() + lane] =
///   sum over steps s of  moving[windows[w] + steps[s] + lane] . stationary[s][f],  f = 0 .. kFilterBlock - 1.
struct WindowProducts {
  const std::uint32_t* moving = nullptr;
  const std::int64_t* windows = nullptr;  ///< first word of each register of windows
  std::int64_t window_count = 0;
  const std::int64_t* steps = nullptr;  ///< word of each pair of places, counted from the window's
  std::int64_t step_count = 0;          ///< at most kMostPairs
  const std::uint32_t* stationary = nullptr;
};
void multiply_windows(const WindowProducts& operands, std::int64_t pitch, std::int32_t* out);

/// Lanes are neighbouring places of a row of the reduction. out[f * pitch + w] +=
///   sum over rows r, words i of  moving[windows[w] + rows[r] + i] . stationary[f * filter_pitch + r * width + i],
/// f = 0 .. kFilterBlock - 1. A row of `width` words is whole registers; places beyond its end are 0 in `stationary`.
struct PlaceProducts {
  const std::uint32_t* moving = nullptr;
  const std::int64_t* windows = nullptr;
  std::int64_t window_count = 0;
  const std::int64_t* rows = nullptr;
  std::int64_t row_count = 0, width = 0;  ///< row_count * width at most kMostPairs
  const std::uint32_t* stationary = nullptr;
  std::int64_t filter_pitch = 0;
};
void multiply_places(const PlaceProducts& operands, std::int64_t pitch, std::int64_t* out);

/// Sums of one channel each, scaled there and added as reals, channels ascending:
/// values[f * pitch + w * pair_lanes() + lane] = 0 + sum over channels c of scales[c][f] *
///   (sum over steps s of  moving[c * channel_step + windows[w] + steps[s] + lane] . stationary[c][s][f]),
/// f = 0 .. kScaledFilters - 1. The range is widened to hold the integer sums of the first counts[w] lanes.
inline constexpr std::int64_t kScaledFilters = 2;
struct ScaledProducts {
  const std::uint32_t* moving = nullptr;
  std::int64_t channel_count = 0, channel_step = 0;
  const std::int64_t *windows = nullptr, *counts = nullptr;
  std::int64_t window_count = 0;
  const std::int64_t* steps = nullptr;
  std::int64_t step_count = 0;
  const std::uint32_t* stationary = nullptr;
  const double* scales = nullptr;
};
void multiply_scaled(const ScaledProducts& operands, std::int64_t pitch, double* values, SumRange& range);

/// Makes of words that hold one code each, the high halves zero, pairs with the code `step` words on. Reads `step`
/// words behind the end.
void pair_neighbours(std::uint32_t* words, std::int64_t count, std::int64_t step);

/// sums[i] += (sum of the two codes of pairs[i]) << shift.
void add_pairs(const std::uint32_t* pairs, std::int64_t count, int shift, std::int32_t* sums);

/// out[w * pair_lanes() + lane] = sum over steps s of sums[windows[w] + steps[s] + lane].
void sum_steps(const std::int32_t* sums, const std::int64_t* windows, std::int64_t window_count,
               const std::int64_t* steps, std::int64_t step_count, std::int32_t* out);

/// The sum of sums[rows[r] + i] over all rows and i < width; of one lane within 32 bits.
std::int64_t sum_places(const std::int32_t* sums, const std::int64_t* rows, std::int64_t row_count, std::int64_t width);

}  // namespace ldpsim
