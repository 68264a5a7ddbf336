// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/super_resolution.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "frontend/data/resize.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::noise;
using testing_support::plain;
using testing_support::ScratchFolder;
using testing_support::slope;
namespace fs = std::filesystem;

TEST(Resize, LeavesASizeAndAColourAsTheyAre) {
  const Picture picture = noise(11, 17, 1);
  for (const Edge edge : {Edge::kRepeat, Edge::kCut}) {
    for (const Kernel kernel : {Kernel::kLinear, Kernel::kCubic}) {
      EXPECT_EQ(resize(picture, 11, 17, kernel, edge), picture);
      EXPECT_EQ(resize(plain(11, 17, 9, 99, 199), 5, 40, kernel, edge), plain(5, 40, 9, 99, 199));
    }
  }
}

/// By hand: at half size the widened cubic weighs 8 pixels as -3, -9, 29, 111, 111, 29, -9, -3 256ths.
TEST(Resize, HalvesAsTheKernelSays) {
  Picture step(16, 16);
  for (std::int64_t y = 0; y < 16; ++y) {
    for (std::int64_t x = 8; x < 16; ++x) std::fill_n(step.at(y, x), 3, std::uint8_t{200});
  }
  const Picture half = resize(step, 8, 8, Kernel::kCubic, Edge::kRepeat);
  const std::vector<double> weights = {-3, -9, 29, 111, 111, 29, -9, -3};
  for (std::int64_t x = 0; x < 8; ++x) {
    double expected = 0;
    for (std::int64_t tap = 0; tap < 8; ++tap) {
      if (2 * x - 3 + tap >= 8) expected += 200 * weights[static_cast<std::size_t>(tap)] / 256;
    }
    EXPECT_EQ(half.at(4, x)[0], std::lround(std::clamp(expected, 0.0, 255.0))) << x;
  }
}

TEST(Resize, RepeatsTheEdges) {
  const Picture picture = noise(12, 12, 4);
  Picture wide(12, 36);
  for (std::int64_t y = 0; y < 12; ++y) {
    for (std::int64_t x = 0; x < 36; ++x) {
      std::copy_n(picture.at(y, std::clamp<std::int64_t>(x - 12, 0, 11)), 3, wide.at(y, x));
    }
  }
  const Picture small = resize(picture, 4, 4, Kernel::kCubic, Edge::kRepeat);
  EXPECT_EQ(crop(resize(wide, 4, 12, Kernel::kCubic, Edge::kRepeat), 0, 4, 4, 4), small);
  EXPECT_NE(resize(picture, 4, 4, Kernel::kCubic, Edge::kCut), small);
}

TEST(LumaPsnr, OfAKnownDifference) {
  const Picture grey = plain(10, 10, 100, 100, 100);
  // luma of grey v is 16 + 219 v / 255: a difference of 10 is one of 8.588
  EXPECT_NEAR(luma_psnr(grey, plain(10, 10, 110, 110, 110), 2), 20 * std::log10(255 / (2190.0 / 255)), 1e-9);
  Picture border = grey;
  border.at(0, 5)[1] = 0;
  const double highest = 10 * std::log10(255 * 255 * 64 / 0.25);
  EXPECT_NEAR(luma_psnr(grey, border, 1), highest, 1e-9) << "the difference is in the border";
  border.at(5, 5)[2] += 1;
  EXPECT_NEAR(luma_psnr(grey, border, 1), highest, 1e-9) << "a tenth of a grey level in one pixel";
  EXPECT_LT(luma_psnr(grey, border, 0), 60);
}

/// The picture "butterfly" of Set5, of which many papers print the bicubic baseline.
TEST(SuperResolution, ButterflyHasThePublishedPsnr) {
  const fs::path file = testing_support::packaged_file("usr/share/doc/opencv-doc/examples/dnn_superres/butterfly.png");
  if (file.empty()) GTEST_SKIP() << "not unpacked here: scripts/data opencv-doc";
  const std::map<int, double> published = {{2, 27.43}, {3, 24.04}, {4, 22.10}};
  for (const auto& [scale, psnr] : published) {
    const PicturePair pair = read_pair({file, {}}, scale);
    EXPECT_NEAR(luma_psnr(bicubic(pair.low, scale), pair.high, scale), psnr, 0.05) << "x" << scale;
  }
}

class Folder : public testing::Test {
 protected:
  fs::path write(const std::string& name, std::int64_t height, std::int64_t width) {
    const fs::path file = scratch_.path(name);
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << encode_png(slope(height, width));
    return file;
  }
  fs::path root() const { return scratch_.path(""); }
  ScratchFolder scratch_;
};

TEST_F(Folder, FindsPublishedPairs) {
  write("img_001_SRF_4_HR.png", 40, 48);
  write("img_001_SRF_4_LR.png", 10, 12);
  write("img_002_SRF_4_HR.png", 40, 48);
  const SuperResolutionSet set = scan_super_resolution(root(), "urban100", Split::kTest);
  ASSERT_EQ(set.test.size(), 2u);
  EXPECT_TRUE(set.train.empty());
  EXPECT_EQ(set.test[0].low.at(4).filename(), "img_001_SRF_4_LR.png");
  EXPECT_TRUE(set.test[1].low.empty());
  const PicturePair given = read_pair(set.test[0], 4), made = read_pair(set.test[1], 4);
  EXPECT_EQ(given.low, slope(10, 12)) << "the publisher's";
  EXPECT_EQ(made.low, resize(slope(40, 48), 10, 12, Kernel::kCubic, Edge::kRepeat));
  EXPECT_EQ(read_pair(set.test[0], 3).low.width, 16) << "none is given for this scale";
}

TEST_F(Folder, KeepsTheHighResolutionOfEachScale) {
  for (const char* const name : {"a_SRF_2_HR", "a_SRF_2_LR", "a_SRF_2_SelfExSR", "a_SRF_2_bicubic"}) {
    write("image_SRF_2/" + std::string(name) + ".png", 46, 50);
  }
  for (const char* const name : {"a_SRF_4_HR", "a_SRF_4_A+", "a_SRF_4_two_words"}) {
    write("image_SRF_4/" + std::string(name) + ".png", 44, 48);
  }
  write("others/b_SRF_4_photo.png", 40, 40);
  const SuperResolutionSet set = scan_super_resolution(root(), "urban100", Split::kTest);
  ASSERT_EQ(set.test.size(), 2u) << "results of methods are no test pictures; where nothing is published, all are";
  const PictureFile& picture = set.test[0];
  EXPECT_EQ(picture.high_for(2).filename(), "a_SRF_2_HR.png");
  EXPECT_EQ(picture.high_for(4).filename(), "a_SRF_4_HR.png");
  EXPECT_EQ(picture.high_for(3).filename(), "a_SRF_2_HR.png") << "the least cut";
  EXPECT_EQ(read_pair(picture, 4).high, slope(44, 48));
  EXPECT_EQ(set.test[1].high.filename(), "b_SRF_4_photo.png");
  const std::string before = set.fingerprint();
  fs::remove(root() / "image_SRF_4/a_SRF_4_HR.png");
  fs::remove(root() / "image_SRF_4/a_SRF_4_A+.png");
  fs::remove(root() / "image_SRF_4/a_SRF_4_two_words.png");
  EXPECT_NE(scan_super_resolution(root(), "urban100", Split::kTest).fingerprint(), before);
  write("again/a_SRF_2_HR.png", 46, 50);
  EXPECT_THAT(message_of([&] { scan_super_resolution(root(), "urban100", Split::kTest); }),
              AllOf(HasSubstr("image_SRF_2/a_SRF_2_HR.png: error: is the same picture as "), HasSubstr("again/")));
}

TEST_F(Folder, MayHoldLinksToFolders) {
  const ScratchFolder elsewhere;
  std::ofstream(elsewhere.path("a.png"), std::ios::binary) << encode_png(slope(8, 8));
  fs::create_directory_symlink(elsewhere.path(""), root() / "a_link");
  write("z/b.png", 8, 8);
  fs::create_directory_symlink("z", root() / "b_link");
  fs::create_directory_symlink("..", root() / "z/circle");
  const SuperResolutionSet set = scan_super_resolution(root(), "x", Split::kTrain);
  ASSERT_EQ(set.train.size(), 2u);
  EXPECT_EQ(set.train[0].high, root() / "a_link/a.png");
  EXPECT_EQ(set.train[1].high, root() / "z/b.png") << "its own place, not that of a link";
  fs::create_symlink("itself.png", root() / "itself.png");
  EXPECT_THAT(message_of([&] { scan_super_resolution(root(), "x", Split::kTrain); }),
              HasSubstr("itself.png: error: cannot be read: "));
}

TEST_F(Folder, UnderstandsTheLayoutOfDiv2k) {
  write("DIV2K_train_HR/0001.png", 32, 32);
  write("DIV2K_train_LR_bicubic/X2/0001x2.png", 16, 16);
  write("DIV2K_train_LR_bicubic/X4/0001x4.png", 8, 8);
  write("DIV2K_valid_HR/0801.png", 32, 32);
  const SuperResolutionSet set = scan_super_resolution(root(), "div2k", Split::kTrain);
  ASSERT_EQ(set.train.size(), 1u);
  ASSERT_EQ(set.test.size(), 1u);
  EXPECT_EQ(set.train[0].low.size(), 2u);
  EXPECT_EQ(set.train[0].low.at(2).filename(), "0001x2.png");
  EXPECT_EQ(set.test[0].high.filename(), "0801.png");
}

TEST_F(Folder, RefusesWhatDoesNotFit) {
  EXPECT_THAT(message_of([&] { scan_super_resolution(root(), "x", Split::kTrain); }), HasSubstr("has no JPEG or PNG"));
  write("a_SRF_4_LR.png", 10, 12);
  EXPECT_THAT(message_of([&] { scan_super_resolution(root(), "x", Split::kTrain); }),
              HasSubstr("a_SRF_4_LR.png: error: has no high resolution"));
  write("a_SRF_4_HR.png", 48, 48);
  const SuperResolutionSet set = scan_super_resolution(root(), "x", Split::kTrain);
  EXPECT_THAT(message_of([&] { read_pair(set.train[0], 4); }), HasSubstr("a_SRF_4_LR.png: error: has 12 x 10 pixels"));
  EXPECT_THAT(message_of([&] {
                read_pair({write("tiny.png", 3, 3), {}}, 4);
              }),
              HasSubstr("tiny.png: error: has 3 x 3"));
}

TEST_F(Folder, RefusesScalesThatAreNone) {
  for (const char* name : {"a_SRF_99999999999_LR.png", "LR/b99999999999x99999999999.png", "LR/bx0.png"}) {
    const auto file = write(name, 8, 8);
    EXPECT_THAT(
        message_of([&] { scan_super_resolution(root(), "x", Split::kTrain); }),
        AllOf(HasSubstr(name), HasSubstr("error: tells by its name a scale of "), HasSubstr("; allowed: 1 to 999")));
    std::filesystem::remove(file);
  }
}

TEST_F(Folder, CutsToMultiplesOfTheScaleAndHalves) {
  const PictureFile picture{write("x.png", 43, 50), {}};
  EXPECT_EQ(read_pair(picture, 4).high, crop(slope(43, 50), 0, 0, 40, 48));
  EXPECT_EQ(read_pair(picture, 4, 44).high.width, 48) << "shorter side below the limit";
  EXPECT_EQ(read_pair(picture, 4, 43).high.width, 24);
}

TEST_F(Folder, TestPicturesAreLargerThanTheirBorder) {
  const PictureFile small{write("small.png", 40, 11), {}};
  EXPECT_EQ(read_pair(small, 4).high.width, 8);
  EXPECT_THAT(message_of([&] { read_test_pair(small, 4, 4); }),
              HasSubstr("small.png: error: has 8 x 40 pixels that can be compared; more than 8 each way are needed"));
  const PictureFile large{write("large.png", 40, 12), {}};
  EXPECT_EQ(read_test_pair(large, 4, 4).high, read_pair(large, 4).high);
  EXPECT_THROW(read_test_pair(large, 4, 4, 12), DamagedFile) << "halved first";
}

TEST(Turned, HasEightViewsThatKeepThePairTogether) {
  const Picture picture = noise(4, 4, 3);
  std::set<std::string> views;
  for (int view = 0; view < 8; ++view) views.insert(encode_png(turned(picture, view)));
  EXPECT_EQ(views.size(), 8u);
  EXPECT_EQ(turned(picture, 0), picture);
}

TEST(RandomPatch, TakesTheSamePlaceInBothResolutions) {
  // Low resolution is the average of 2 x 2 pixels, so that the places can be compared.
  const Picture low = noise(9, 12, 8);
  Picture high(18, 24);
  for (std::int64_t y = 0; y < 18; ++y) {
    for (std::int64_t x = 0; x < 24; ++x) std::copy_n(low.at(y / 2, x / 2), 3, high.at(y, x));
  }
  const PicturePair pair{low, high};
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const PicturePair patch = random_patch(pair, 2, 5, seed);
    ASSERT_EQ(patch.low.height, 5);
    ASSERT_EQ(patch.high.width, 10);
    for (std::int64_t y = 0; y < 10; ++y) {
      for (std::int64_t x = 0; x < 10; ++x) ASSERT_EQ(patch.high.at(y, x)[1], patch.low.at(y / 2, x / 2)[1]);
    }
    EXPECT_EQ(random_patch(pair, 2, 5, seed).high, patch.high);
    seen.insert(encode_png(patch.low));
  }
  EXPECT_GT(seen.size(), 45u) << "of 5 x 8 places in 8 views";
  EXPECT_THAT(message_of([&] { random_patch(pair, 2, 10, 0); }), HasSubstr("10 x 10 pixels do not fit"));
}

}  // namespace
}  // namespace ldpsim::data
