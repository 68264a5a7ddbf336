// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "frontend/data/picture.hpp"

namespace ldpsim::data {

enum class Kernel {
  kLinear,  ///< triangle of half-width 1
  kCubic,   ///< Keys' cubic convolution with a = -0.5, half-width 2
};

/// What lies beyond the edges.
enum class Edge {
  kRepeat,  ///< the border pixels, repeated: MATLAB's imresize when the sets in use were made
  kCut,     ///< nothing, and the weights of the rest are scaled up: Pillow's resize
};

/// Separable resampling to `height` x `width`; where it shrinks, the kernel is widened by the factor, which
/// takes away what the result could only show as aliases. Each direction is rounded to bytes (half away from zero);
/// the one that shrinks more comes first, rows (vertical) if they are alike, as imresize does. In double precision, so
/// that every machine gets the same bytes.
Picture resize(const Picture& picture, std::int64_t height, std::int64_t width, Kernel kernel, Edge edge);

}  // namespace ldpsim::data
