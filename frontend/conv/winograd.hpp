// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace ldpsim::conv {

/// Convolutions of 3x3 taps, stride 1 and padding 1 over float32 images that keep their channels together: x [N, H, W,
/// C], weight [K, 3, 3, C], y [N, H, W, K]. By Winograd's minimal filtering F(4x4, 3x3): 36 multiplications where the
/// direct sum takes 144. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016), section 4.3;
/// the gradients are its transposes. Results differ from the direct sum by up to 1e-5 of the largest, gradients of
/// weights by 5e-5 (float32 rounds intermediate values of up to 100 times the input); they are the same for any number
/// of OpenMP threads.

struct Channels {
  std::int64_t in = 16, out = 16;
};
struct Images {
  std::int64_t count = 1, height = 1, width = 1;
};

/// Whether the classes below take these channels: multiples of 16.
bool winograd_takes(const Channels& channels);
/// Whether they are faster than direct sums: not for images much smaller than their tiles, nor for so few of them that
/// the weight costs more than they do.
bool winograd_pays(const Channels& channels, const Images& images);
/// As many images as are best given to one call: their tensors stay in the level-2 cache.
std::int64_t images_at_once(const Channels& channels, std::int64_t height, std::int64_t width);

/// Memory of transformed values, on a cache line's boundary.
class PlaneMemory {
 public:
  PlaneMemory() = default;
  PlaneMemory(const PlaneMemory&) = delete;  // its owners keep a pointer into it
  PlaneMemory& operator=(const PlaneMemory&) = delete;
  /// At least as many floats; what was there is lost.
  float* floats(std::int64_t count);

 private:
  std::vector<float> memory_;
};

/// A weight, transformed once for any number of images.
class WinogradFilter {
 public:
  /// `turned`: of the gradient, which goes from y back to x.
  WinogradFilter(const Channels& channels, const float* weight, bool turned);
  void apply(const Images& images, const float* from, float* to) const;

 private:
  Channels channels_;
  PlaneMemory memory_;
  float* taps_;
};

/// Adds up the gradient of a weight over parts of a batch.
class WinogradWeightGradient {
 public:
  explicit WinogradWeightGradient(const Channels& channels);
  void add(const Images& images, const float* x, const float* gradient);
  void write(float* to_weight) const;

 private:
  Channels channels_;
  PlaneMemory memory_;
  float* sums_;
};

}  // namespace ldpsim::conv
