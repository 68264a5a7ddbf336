// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "frontend/data/dataset.hpp"

namespace ldpsim::data {

/// Independent random streams of a run. Everything random is a pure function of (seed, stream, counter), so that a
/// resumed run needs no generator state.
enum class Stream : std::uint64_t {
  kInitialWeights = 1,
  kOrder = 2,
  kAugmentation = 3,
  kRounding = 4,
  kPrecision = 5,
  kMixing = 6,
  kDropout = 7,
  kNormRounding = 8
};
std::uint64_t derive_seed(std::uint64_t seed, Stream stream, std::uint64_t counter);

/// The order of a training epoch: a shuffle of 0..count-1.
std::vector<std::int64_t> epoch_order(std::int64_t count, std::uint64_t seed, std::int64_t epoch);

/// Writes normalised images to `out`, order N, H, W, C (32 x 32 x 3). With `augment` each is shifted by up to 4 pixels
/// in each direction, black moving in, and mirrored with probability 1/2 (He et al. 2015); `seed` and an image's place
/// in the batch decide, the first of `indices` having place `first`.
void fill_images(const Dataset& dataset, const ImageSet& images, std::span<const std::int64_t> indices, bool augment,
                 std::uint64_t seed, float* out, std::int64_t first = 0);

}  // namespace ldpsim::data
