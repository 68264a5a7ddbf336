// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ldpsim::conv {

/// A convolution of 3x3 taps, stride 1 and padding 1 over float32 images that keep their channels together: x [N, H, W,
/// C], weight [K, 3, 3, C], y [N, H, W, K].
struct Shape {
  std::int64_t images = 1, height = 1, width = 1, in_channels = 16, out_channels = 16;
};

/// Winograd's minimal filtering F(4x4, 3x3): 36 multiplications where the direct sum takes 144. Lavin and Gray, "Fast
/// Algorithms for Convolutional Neural Networks" (CVPR 2016), section 4.3; the gradients are its transposes. Results
/// differ from the direct sum by some 1e-6 of the largest (float32 rounds intermediate values of up to 100 times the
/// input); they are the same for any number of OpenMP threads. No function allocates once it has seen a shape.

/// Whether the functions below take these channels: multiples of 16.
bool winograd_takes(std::int64_t in_channels, std::int64_t out_channels);

void winograd_forward(const Shape& shape, const float* x, const float* weight, float* y);
void winograd_gradient_to_input(const Shape& shape, const float* gradient, const float* weight, float* to_x);
void winograd_gradient_to_weight(const Shape& shape, const float* x, const float* gradient, float* to_weight);

}  // namespace ldpsim::conv
