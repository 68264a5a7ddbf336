// SPDX-License-Identifier: Apache-2.0
#include "frontend/conv/winograd.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "frontend/conv/winograd_kernels.hpp"

namespace ldpsim::conv {
namespace {

/// Memory of planes, kept from call to call.
class PlaneMemory {
 public:
  Planes planes(std::int64_t channels, std::int64_t rows) {
    Planes planes{nullptr, channels, rows};
    const auto needed = static_cast<std::size_t>(planes.size() + kPanel);
    if (memory_.size() < needed) memory_.resize(needed);
    // on a cache line's boundary
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    planes.values = memory_.data() + (64 - address % 64) % 64 / sizeof(float);
    return planes;
  }

 private:
  std::vector<float> memory_;
};

struct Memory {
  PlaneMemory windows, weight, products;
};
thread_local Memory memory;

constexpr std::int64_t kBlockFloats = 96 * 1024;  // of windows and products at a time: within a level-2 cache

/// Tiles that are transformed and multiplied at a time: few enough for the cache, enough to read the weight seldom.
std::int64_t block_of(std::int64_t in_channels, std::int64_t out_channels, std::int64_t tiles) {
  const std::int64_t fits = kBlockFloats / kFrequencies / (in_channels + out_channels);
  return std::min(std::max<std::int64_t>(fits / 12 * 12, 24), tiles);
}

void run(const Shape& shape, const float* x, const Planes& weight, float* y) {
  const Tiles in{shape.height, shape.width, shape.in_channels}, out{shape.height, shape.width, shape.out_channels};
  const std::int64_t tiles = shape.images * in.of_image(), block = block_of(in.channels, out.channels, tiles);
#pragma omp parallel for schedule(static)
  for (std::int64_t first = 0; first < tiles; first += block) {
    const std::int64_t count = std::min(block, tiles - first);
    const Planes windows = memory.windows.planes(in.channels, block);
    const Planes products = memory.products.planes(out.channels, block);
    transform_windows(in, x, first, count, windows);
    multiply(windows, weight, count, products);
    untransform_tiles(out, products, first, count, y);
  }
}

}  // namespace

bool winograd_takes(std::int64_t in_channels, std::int64_t out_channels) {
  return in_channels % kPanel == 0 && out_channels % kPanel == 0;
}

void winograd_forward(const Shape& shape, const float* x, const float* weight, float* y) {
  const Planes taps = memory.weight.planes(shape.out_channels, shape.in_channels);
  transform_weight(weight, shape.out_channels, shape.in_channels, /*turned=*/false, taps);
  run(shape, x, taps, y);
}

void winograd_gradient_to_input(const Shape& shape, const float* gradient, const float* weight, float* to_x) {
  Shape back = shape;
  std::swap(back.in_channels, back.out_channels);
  const Planes taps = memory.weight.planes(shape.in_channels, shape.out_channels);
  transform_weight(weight, shape.out_channels, shape.in_channels, /*turned=*/true, taps);
  run(back, gradient, taps, to_x);
}

void winograd_gradient_to_weight(const Shape& shape, const float* x, const float* gradient, float* to_weight) {
  const Tiles in{shape.height, shape.width, shape.in_channels}, out{shape.height, shape.width, shape.out_channels};
  const std::int64_t tiles = shape.images * in.of_image(), block = block_of(in.channels, out.channels, tiles);
  const Planes sums = memory.weight.planes(out.channels, in.channels);
  const Planes windows = memory.windows.planes(in.channels, block);
  const Planes gradients = memory.products.planes(out.channels, block);
  std::fill_n(sums.values, sums.size(), 0.0f);
  // Threads share a block's tiles, then its planes: each sum is added up in the order of the tiles, by one thread.
#pragma omp parallel
  for (std::int64_t first = 0; first < tiles; first += block) {
    const std::int64_t count = std::min(block, tiles - first);
    const std::int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const std::int64_t from = count * thread / threads, to = count * (thread + 1) / threads;
    const auto part = [&](Planes planes) {
      planes.values += from * kPanel;
      return planes;
    };
    transform_windows(in, x, first + from, to - from, part(windows));
    transform_tiles(out, gradient, first + from, to - from, part(gradients));
#pragma omp barrier
    multiply_tiles(windows, gradients, count, kFrequencies * thread / threads, kFrequencies * (thread + 1) / threads,
                   sums);
#pragma omp barrier
  }
  untransform_weight(sums, to_weight);
}

}  // namespace ldpsim::conv
