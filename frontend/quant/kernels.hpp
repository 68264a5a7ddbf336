// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "frontend/quant/scheme.hpp"

namespace ldpsim::quant {

/// Smallest and largest element of a tensor.
struct Range {
  float low = 0, high = 0;
  bool finite = true;  ///< false: some element is NaN or infinite, and low and high mean nothing
};

/// The asymmetric grid of Fu et al., "CPT" (ICLR 2021): codes 0..2^bits-1 stand for code*scale + offset.
struct Grid {
  float scale = 1, offset = 0;
  int bits = 8;
  float top() const { return static_cast<float>((1u << bits) - 1u); }
};

inline constexpr int kMinBits = 2, kMaxBits = 16;

/// All loops below run on the OpenMP threads of the caller. Work is cut into pieces of fixed size, so that every result
/// is the same for any number of threads and for any vector width. `count` elements at `values`; count >= 1.

Range find_range(const float* values, std::int64_t count);

/// scale = max((high - low) / (2^bits - 1), 1e-8), offset = low, in float32. `high - low` must be finite.
Grid make_grid(float low, float span, int bits);

/// out[i] = q*scale + offset with q = round_half_even(clamp((values[i] - offset)/scale, 0, 2^bits-1)). `out` may be
/// `values`.
void quantise_nearest(const float* values, std::int64_t count, const Grid& grid, float* out);

/// The same with uniform noise in [-0.5, 0.5) added before the clamp: stochastic rounding. Element i takes noise(key,
/// first + i): `first` is not 0 where a process has only a part of a tensor.
void quantise_stochastic(const float* values, std::int64_t count, const Grid& grid, std::uint64_t key, float* out,
                         std::int64_t first = 0);

/// Counter-based noise in [-0.5, 0.5), a multiple of 2^-24: a bijective 32-bit mix of the index, keyed at both ends.
float noise(std::uint64_t key, std::uint32_t index);

/// The codes q of the first `count` elements that the functions above take and multiply out again.
void encode_nearest(const float* values, std::int64_t count, const Grid& grid, std::uint16_t* codes);
void encode_stochastic(const float* values, std::int64_t count, const Grid& grid, std::uint64_t key,
                       std::uint16_t* codes);

/// sum over i of gradient[i] * (quantised[i] - values[i]): what the precision gradient of LDP needs of a tensor.
double error_product(const float* gradient, const float* quantised, const float* values, std::int64_t count);

/// scheme.kept * running + scheme.taken * seen, in float32.
float moved_mean(float running, float seen, const Scheme& scheme);

}  // namespace ldpsim::quant
