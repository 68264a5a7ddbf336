// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ldpsim::conv {

/// The loops of winograd.hpp, compiled for each vector width. Channels go through all of them in panels of kPanel,
/// transformed values in kFrequencies planes.
inline constexpr std::int64_t kPanel = 16, kTile = 4, kInput = 6, kFrequencies = kInput * kInput;

/// A tensor of images [N, H, W, C] and its division into tiles of 4x4 outputs.
struct Tiles {
  std::int64_t height = 0, width = 0, channels = 0;
  std::int64_t down() const { return (height + kTile - 1) / kTile; }
  std::int64_t across() const { return (width + kTile - 1) / kTile; }
  std::int64_t of_image() const { return down() * across(); }
};

/// Planes [frequency][channels / kPanel][rows][kPanel], where rows are tiles or channels. A plane's distance is not a
/// multiple of 4 KiB, or all planes of a tile would fall into one set of the level-1 cache.
struct Planes {
  float* values = nullptr;
  std::int64_t channels = 0, rows = 0;
  std::int64_t distance() const { return channels * rows + kPanel; }
  std::int64_t size() const { return kFrequencies * distance(); }
  float* panel(std::int64_t frequency, std::int64_t index) const {
    return values + frequency * distance() + index * rows * kPanel;
  }
};

/// Windows of 6x6 inputs, each one tap larger than its tile on every side, zero outside of the image.
void transform_windows(const Tiles& tiles, const float* x, std::int64_t first, std::int64_t count, const Planes& to);
/// Tiles of 4x4 gradients, by the transpose of what untransform_tiles does.
void transform_tiles(const Tiles& tiles, const float* y, std::int64_t first, std::int64_t count, const Planes& to);
/// Products back to tiles of outputs; what lies outside of the image is dropped.
void untransform_tiles(const Tiles& tiles, const Planes& from, std::int64_t first, std::int64_t count, float* y);

/// Taps [outer][3][3][inner] to planes whose rows are `inner` and channels `outer`; `turned`: by half a turn, and rows
/// are `outer`, channels `inner`.
void transform_weight(const float* weight, std::int64_t outer, std::int64_t inner, bool turned, const Planes& to);
/// Sums of products, planes with channels `outer` and rows `inner`, to the gradient of taps [outer][3][3][inner].
void untransform_weight(const Planes& from, float* weight);

/// product[tile][k] = sum over c of windows[tile][c] * weight[c][k], in each plane, for the first `count` tiles.
void multiply(const Planes& windows, const Planes& weight, std::int64_t count, const Planes& product);
/// sums[c][k] += sum over the first `count` tiles of windows[tile][c] * gradients[tile][k], in planes first to last
/// - 1.
void multiply_tiles(const Planes& windows, const Planes& gradients, std::int64_t count, std::int64_t first,
                    std::int64_t last, const Planes& sums);

}  // namespace ldpsim::conv
