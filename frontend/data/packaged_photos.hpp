// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "frontend/data/dataset.hpp"
#include "frontend/data/packages.hpp"
#include "frontend/data/picture.hpp"

namespace ldpsim::data {

/// Photographs in Debian packages: cameras' pictures, no artwork.
struct PackagedPhotos {
  std::vector<PackagedFile> train, test;
};
/// For super-resolution: landscapes and close-ups to learn from; test pictures of OpenCV (among them Set5's butterfly)
/// and those with many straight edges, as in Urban100.
const PackagedPhotos& super_resolution_photos();

/// The ten photographs that photo-patches are cut from; each is a class.
const std::vector<PackagedFile>& patch_photos();

/// Patches of 32 x 32 pixels of one class each photo, `train_count` + `test_count` of each. The photos are scaled to
/// a width of 1280 pixels and cut into blocks of 160 x 160; every sixth block is for testing, so that no pixel is in
/// both. A patch lies anywhere inside of a block, drawn from `seed`; its channels' means are taken away and it is
/// divided by its deviation (50 steps of a byte are one), so that colour and brightness tell nothing: the texture has
/// to be learnt.
Dataset cut_patches(const std::vector<Picture>& photos, std::int64_t train_count, std::int64_t test_count,
                    std::uint64_t seed);

}  // namespace ldpsim::data
