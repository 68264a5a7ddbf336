// SPDX-License-Identifier: Apache-2.0
#include "frontend/quant/kernels.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "sim/core/vector_clones.hpp"

// The build forbids contraction to fused multiply-add for this file: q*scale + offset must be rounded twice, as it is
// everywhere else.

namespace ldpsim::quant {
namespace {

constexpr std::int64_t kPiece = 16384;       // elements: 64 KB of float32, half of a level-1/level-2 working set
constexpr std::int64_t kLanes = 8;           // of a reduction, whatever the machine's vectors hold
constexpr float kRoundToInteger = 12582912;  // 1.5 * 2^23: adding it leaves no fraction bits, rounding half to even

using Floats = float __attribute__((vector_size(kLanes * 4)));
using Ints = std::int32_t __attribute__((vector_size(kLanes * 4)));

/// Clamps a position on the grid, in steps of the scale, and rounds it half to even.
inline float code_of(float t, float top) {
  t = t > 0 ? t : 0;
  t = t < top ? t : top;
  return (t + kRoundToInteger) - kRoundToInteger;
}

inline std::uint32_t mix(std::uint32_t index, std::uint32_t key_low, std::uint32_t key_high) {
  std::uint32_t x = index * 0x9E3779B9u + key_low;
  x ^= x >> 16;
  x *= 0x7FEB352Du;
  x ^= x >> 15;
  x += key_high;
  x *= 0x846CA68Bu;
  x ^= x >> 16;
  return x;
}

inline float noise_of(std::uint32_t index, std::uint32_t key_low, std::uint32_t key_high) {
  return static_cast<float>(static_cast<std::int32_t>(mix(index, key_low, key_high) >> 8)) * 0x1p-24f - 0.5f;
}

LDPSIM_VECTOR_CLONES
void range_piece(const float* values, std::int64_t count, Range* range) {
  Floats low, high;
  Ints wrong = {};
  for (int lane = 0; lane < kLanes; ++lane) low[lane] = high[lane] = values[0];
  const std::int64_t whole = count / kLanes * kLanes;
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    Floats x;
    __builtin_memcpy(&x, values + i, sizeof x);
    low = x < low ? x : low;
    high = x > high ? x : high;
    Ints pattern;
    __builtin_memcpy(&pattern, &x, sizeof pattern);
    wrong |= (pattern & 0x7FFFFFFF) > 0x7F7FFFFF;  // exponent all ones: NaN or infinite
  }
  float lowest = values[0], highest = values[0];
  bool finite = true;
  for (std::int64_t i = whole; i < count; ++i) {
    lowest = std::min(lowest, values[i]);
    highest = std::max(highest, values[i]);
    finite = finite && values[i] - values[i] == 0;
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    lowest = std::min(lowest, low[lane]);
    highest = std::max(highest, high[lane]);
    finite = finite && wrong[lane] == 0;
  }
  *range = {lowest, highest, finite};
}

LDPSIM_VECTOR_CLONES
void nearest_piece(const float* values, std::int64_t count, float scale, float offset, float top, float* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = code_of((values[i] - offset) / scale, top) * scale + offset;
}

LDPSIM_VECTOR_CLONES
void stochastic_piece(const float* values, std::int64_t count, std::uint32_t first, float scale, float offset,
                      float top, std::uint32_t key_low, std::uint32_t key_high, float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float t = (values[i] - offset) / scale + noise_of(first + static_cast<std::uint32_t>(i), key_low, key_high);
    out[i] = code_of(t, top) * scale + offset;
  }
}

LDPSIM_VECTOR_CLONES
void product_piece(const float* gradient, const float* quantised, const float* values, std::int64_t count,
                   double* sum) {
  Floats sums[2] = {};
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
    for (int half = 0; half < 2; ++half) {
      Floats g, q, x;
      __builtin_memcpy(&g, gradient + i + half * kLanes, sizeof g);
      __builtin_memcpy(&q, quantised + i + half * kLanes, sizeof q);
      __builtin_memcpy(&x, values + i + half * kLanes, sizeof x);
      sums[half] += g * (q - x);
    }
  }
  double total = 0;
  for (; i < count; ++i) total += static_cast<double>(gradient[i] * (quantised[i] - values[i]));
  for (int lane = 0; lane < kLanes; ++lane)
    total += static_cast<double>(sums[0][lane]) + static_cast<double>(sums[1][lane]);
  *sum = total;
}

std::int64_t pieces_of(std::int64_t count) { return (count + kPiece - 1) / kPiece; }

/// Calls work(piece, first, length) for all pieces on the OpenMP threads.
template <typename Work>
void for_each_piece(std::int64_t count, const Work& work) {
  const std::int64_t pieces = pieces_of(count);
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (std::int64_t piece = 0; piece < pieces; ++piece) {
    work(piece, piece * kPiece, std::min(kPiece, count - piece * kPiece));
  }
}

}  // namespace

Range find_range(const float* values, std::int64_t count) {
  std::vector<Range> ranges(static_cast<std::size_t>(pieces_of(count)));
  for_each_piece(count, [&](std::int64_t piece, std::int64_t first, std::int64_t length) {
    range_piece(values + first, length, &ranges[static_cast<std::size_t>(piece)]);
  });
  Range whole = ranges[0];
  for (const Range& range : ranges) {
    whole = {std::min(whole.low, range.low), std::max(whole.high, range.high), whole.finite && range.finite};
  }
  return whole;
}

Grid make_grid(float low, float span, int bits) {
  Grid grid{1, low, bits};
  grid.scale = std::max(span / grid.top(), 1e-8f);
  return grid;
}

void quantise_nearest(const float* values, std::int64_t count, const Grid& grid, float* out) {
  for_each_piece(count, [&](std::int64_t, std::int64_t first, std::int64_t length) {
    nearest_piece(values + first, length, grid.scale, grid.offset, grid.top(), out + first);
  });
}

void quantise_stochastic(const float* values, std::int64_t count, const Grid& grid, std::uint64_t key, float* out,
                         std::int64_t begin) {
  const auto low = static_cast<std::uint32_t>(key), high = static_cast<std::uint32_t>(key >> 32);
  for_each_piece(count, [&](std::int64_t, std::int64_t first, std::int64_t length) {
    stochastic_piece(values + first, length, static_cast<std::uint32_t>(begin + first), grid.scale, grid.offset,
                     grid.top(), low, high, out + first);
  });
}

float noise(std::uint64_t key, std::uint32_t index) {
  return noise_of(index, static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
}

void encode_nearest(const float* values, std::int64_t count, const Grid& grid, std::uint16_t* codes) {
  for (std::int64_t i = 0; i < count; ++i) {
    codes[i] = static_cast<std::uint16_t>(code_of((values[i] - grid.offset) / grid.scale, grid.top()));
  }
}

void encode_stochastic(const float* values, std::int64_t count, const Grid& grid, std::uint64_t key,
                       std::uint16_t* codes) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float t = (values[i] - grid.offset) / grid.scale + noise(key, static_cast<std::uint32_t>(i));
    codes[i] = static_cast<std::uint16_t>(code_of(t, grid.top()));
  }
}

double error_product(const float* gradient, const float* quantised, const float* values, std::int64_t count) {
  std::vector<double> sums(static_cast<std::size_t>(pieces_of(count)));
  for_each_piece(count, [&](std::int64_t piece, std::int64_t first, std::int64_t length) {
    product_piece(gradient + first, quantised + first, values + first, length, &sums[static_cast<std::size_t>(piece)]);
  });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

float moved_mean(float running, float seen, const Scheme& scheme) {
  return running * scheme.kept + seen * scheme.taken;
}

}  // namespace ldpsim::quant
