// SPDX-License-Identifier: Apache-2.0
#include "frontend/conv/winograd.hpp"

#include <omp.h>

#include <algorithm>
#include <utility>

#include "frontend/conv/winograd_kernels.hpp"

namespace ldpsim::conv {
namespace {

constexpr std::int64_t kBlockFloats = 32 * 1024;   // of transformed values at a time
constexpr std::int64_t kPartFloats = 64 * 1024;    // of a tensor at a time
constexpr std::int64_t kWeightFloats = 64 * 1024;  // of a transformed weight that stays in the cache between blocks
constexpr std::int64_t kFewTiles = 24, kManyTiles = 96;

/// Transformed values of a block of tiles, of each thread.
thread_local PlaneMemory window_memory, product_memory;

Planes planes(PlaneMemory& memory, std::int64_t channels, std::int64_t rows) {
  Planes planes{nullptr, channels, rows};
  planes.values = memory.floats(planes.size());
  return planes;
}

/// Tiles that are transformed and multiplied at a time: few enough for the cache, enough to read a large weight seldom.
std::int64_t block_of(const Channels& channels) {
  const std::int64_t fits = kBlockFloats / kFrequencies / (channels.in + channels.out);
  const bool large = kFrequencies * channels.in * channels.out > kWeightFloats;
  return std::max(fits / 12 * 12, large ? kManyTiles : kFewTiles);
}

}  // namespace

bool winograd_takes(const Channels& channels) { return channels.in % kPanel == 0 && channels.out % kPanel == 0; }

bool winograd_pays(const Channels& channels, const Images& images) {
  const Tiles tiles{images.height, images.width, channels.in};
  // multiplications for each pair of channels; half of what is saved goes into transforms, and a weight costs as much
  // as some 64 tiles
  const std::int64_t direct = 9 * images.count * images.height * images.width;
  return winograd_takes(channels) && direct >= kFrequencies * (2 * images.count * tiles.of_image() + 64);
}

std::int64_t images_at_once(const Channels& channels, std::int64_t height, std::int64_t width) {
  const Tiles tiles{height, width, channels.in};
  const std::int64_t fit = kPartFloats / (height * width * std::max(channels.in, channels.out));
  return std::max(fit, (block_of(channels) + tiles.of_image() - 1) / tiles.of_image());
}

float* PlaneMemory::floats(std::int64_t count) {
  constexpr std::size_t kLine = 64 / sizeof(float);
  const std::size_t needed = static_cast<std::size_t>(count) + kLine;
  if (memory_.size() < needed) memory_.resize(needed);
  const auto beyond = reinterpret_cast<std::uintptr_t>(memory_.data()) / sizeof(float) % kLine;
  return memory_.data() + (kLine - beyond) % kLine;
}

WinogradFilter::WinogradFilter(const Channels& channels, const float* weight, bool turned)
    : channels_(turned ? Channels{channels.out, channels.in} : channels) {
  const Planes taps = planes(memory_, channels_.out, channels_.in);
  transform_weight(weight, channels.out, channels.in, turned, taps);
  taps_ = taps.values;
}

void WinogradFilter::apply(const Images& images, const float* from, float* to) const {
  const Tiles in{images.height, images.width, channels_.in}, out{images.height, images.width, channels_.out};
  const std::int64_t tiles = images.count * in.of_image(), block = std::min(block_of(channels_), tiles);
  const Planes taps{taps_, channels_.out, channels_.in};
#pragma omp parallel for schedule(static)
  for (std::int64_t first = 0; first < tiles; first += block) {
    const std::int64_t count = std::min(block, tiles - first);
    const Planes windows = planes(window_memory, channels_.in, block);
    const Planes products = planes(product_memory, channels_.out, block);
    transform_windows(in, from, first, count, windows);
    multiply(windows, taps, count, products);
    untransform_tiles(out, products, first, count, to);
  }
}

WinogradWeightGradient::WinogradWeightGradient(const Channels& channels) : channels_(channels) {
  const Planes sums = planes(memory_, channels.out, channels.in);
  std::fill_n(sums.values, sums.size(), 0.0f);
  sums_ = sums.values;
}

void WinogradWeightGradient::add(const Images& images, const float* x, const float* gradient) {
  const Tiles in{images.height, images.width, channels_.in}, out{images.height, images.width, channels_.out};
  const std::int64_t tiles = images.count * in.of_image(), block = std::min(block_of(channels_), tiles);
  const Planes sums{sums_, channels_.out, channels_.in};
  const Planes windows = planes(window_memory, channels_.in, block);
  const Planes gradients = planes(product_memory, channels_.out, block);
  // Threads share a block's tiles, then its planes: each sum is added up in the order of the tiles, by one thread.
#pragma omp parallel
  for (std::int64_t first = 0; first < tiles; first += block) {
    const std::int64_t count = std::min(block, tiles - first);
    const std::int64_t threads = omp_get_num_threads(), thread = omp_get_thread_num();
    const std::int64_t from = count * thread / threads, to = count * (thread + 1) / threads;
    const auto own_rows = [from](Planes planes) {
      planes.values += from * kPanel;
      return planes;
    };
    transform_windows(in, x, first + from, to - from, own_rows(windows));
    transform_tiles(out, gradient, first + from, to - from, own_rows(gradients));
#pragma omp barrier
    multiply_tiles(windows, gradients, count, kFrequencies * thread / threads, kFrequencies * (thread + 1) / threads,
                   sums);
#pragma omp barrier
  }
}

void WinogradWeightGradient::write(float* to_weight) const {
  untransform_weight({sums_, channels_.out, channels_.in}, to_weight);
}

}  // namespace ldpsim::conv
