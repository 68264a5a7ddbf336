// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/packaged_photos.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::noise;
using testing_support::plain;

TEST(PhotoPatches, AreStandardisedAndSplit) {
  const Dataset set = cut_patches({noise(480, 640, 1), noise(320, 640, 2), plain(320, 640, 9, 9, 9)}, 20, 10, 1);
  ASSERT_EQ(set.train.count(), 60);
  ASSERT_EQ(set.test.count(), 30);
  EXPECT_EQ(set.classes, 3);
  EXPECT_THAT(std::vector<int>(set.train.labels.begin(), set.train.labels.begin() + 4),
              testing::ElementsAre(0, 1, 2, 0));
  for (std::int64_t i = 0; i < 2; ++i) {
    double squares = 0;
    for (std::int64_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (std::int64_t at = 0; at < 1024; ++at) {
        const double value = set.train.pixels[static_cast<std::size_t>((i * 3 + c) * 1024 + at)] - 127.5;
        sum += value;
        squares += value * value;
      }
      EXPECT_NEAR(sum / 1024, 0, 0.5) << "each channel's mean is taken away";
    }
    EXPECT_NEAR(std::sqrt(squares / 3072), 50, 1);
  }
  EXPECT_EQ(set.train.pixels[2 * 3072], 128) << "one colour stays one";
  EXPECT_EQ(cut_patches({noise(480, 640, 1)}, 20, 10, 1).train.pixels.size(), 20u * 3072);
}

/// Blocks of test and training share no pixel: each block of these photos has a texture of its own.
TEST(PhotoPatches, OfTestingComeFromOtherBlocks) {
  Picture photo(320, 960);
  for (std::int64_t y = 0; y < 320; ++y) {
    for (std::int64_t x = 0; x < 960; ++x) {
      // columns in steps of 1 + block, which a standardised patch still tells
      const std::int64_t block = y / 160 * 6 + x / 160;
      std::fill_n(photo.at(y, x), 3, static_cast<std::uint8_t>(x % (2 + block) == 0 ? 255 : 0));
    }
  }
  const Dataset set = cut_patches({photo}, 300, 60, 7);
  const auto period = [](const std::uint8_t* pixels) {
    std::vector<int> edges;
    for (int x = 0; x < 32; ++x) {
      if (pixels[x] > 127) edges.push_back(x);
    }
    return edges.size() < 2 ? 0 : edges[1] - edges[0];
  };
  std::set<int> trained, tested;
  for (std::int64_t i = 0; i < 300; ++i) trained.insert(period(set.train.pixels.data() + i * 3072));
  for (std::int64_t i = 0; i < 60; ++i) tested.insert(period(set.test.pixels.data() + i * 3072));
  EXPECT_THAT(tested, testing::ElementsAre(7, 13)) << "blocks 5 and 11";
  EXPECT_THAT(trained, testing::ElementsAre(2, 3, 4, 5, 6, 8, 9, 10, 11, 12));
}

TEST(PackagedPhotos, MissingPackagesAreNamed) {
  const testing_support::ScratchFolder folder;
  EXPECT_THAT(message_of([&] { photos().load<SuperResolutionSet>(folder.path("")); }),
              HasSubstr("Bridge_by_Sander_Klootwijk.jpg: error: no such file; apt-get install lomiri-wallpapers-16.04 "
                        "plasma-workspace-wallpapers palapeli-data"));
  EXPECT_THAT(message_of([&] { photo_patches().load(folder.path("")); }), HasSubstr("mate-backgrounds"));
}

TEST(PackagedPhotos, AreThere) {
  std::filesystem::path root;
  for (const std::filesystem::path place : {LDPSIM_SOURCE_DIR "/data", "/"}) {
    if (missing_packages(place, photos().packaged).empty()) root = place;
  }
  if (root.empty()) GTEST_SKIP() << "not unpacked here: scripts/data photos";
  const SuperResolutionSet set = photos().load<SuperResolutionSet>(root);
  EXPECT_EQ(set.train.size(), 24u);
  EXPECT_EQ(set.test.size(), 16u);
  const PicturePair pair = read_pair(set.test[0], 4, set.halve_from);
  EXPECT_NEAR(luma_psnr(bicubic(pair.low, 4), pair.high, 4), 22.10, 0.05) << "the butterfly";
}

}  // namespace
}  // namespace ldpsim::data
