// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/augment.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "frontend/data/draws.hpp"
#include "frontend/data/rand_augment.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing_support::noise;
using testing_support::plain;
using testing_support::slope;

constexpr std::array<std::uint8_t, 3> kFill = {124, 116, 104};

struct Moments {
  double mean = 0, variance = 0;
};
template <class Draw>
Moments moments(Draw draw, int count = 20000) {
  double sum = 0, squares = 0;
  for (int i = 0; i < count; ++i) {
    const double value = draw();
    sum += value;
    squares += value * value;
  }
  return {sum / count, squares / count - sum * sum / count / count};
}

TEST(Draws, HaveTheirDistributions) {
  Random random(3);
  const Moments standard = moments([&] { return normal(random); });
  EXPECT_NEAR(standard.mean, 0, 0.03);
  EXPECT_NEAR(standard.variance, 1, 0.04);
  for (const double shape : {0.5, 0.8, 1.0, 3.0}) {
    const Moments gammas = moments([&] { return gamma(random, shape); });
    EXPECT_NEAR(gammas.mean, shape, 0.06) << shape;
    EXPECT_NEAR(gammas.variance, shape, 0.25) << shape;
    const Moments betas = moments([&] { return symmetric_beta(random, shape); });
    EXPECT_NEAR(betas.mean, 0.5, 0.01);
    EXPECT_NEAR(betas.variance, 1 / (4 * (2 * shape + 1)), 0.005) << shape;
  }
}

TEST(RandomCrop, DrawsAreasAndRatiosAsPublished) {
  Random random(1);
  int fallbacks = 0;
  const Moments areas = moments(
      [&] {
        const Box box = draw_crop(375, 500, random);
        EXPECT_GE(box.top, 0);
        EXPECT_GE(box.left, 0);
        EXPECT_LE(box.top + box.height, 375);
        EXPECT_LE(box.left + box.width, 500);
        const double ratio = static_cast<double>(box.width) / static_cast<double>(box.height);
        EXPECT_GT(ratio, 0.74);
        EXPECT_LT(ratio, 1.35);
        fallbacks += box.height == 375 && box.width == 500;
        return static_cast<double>(box.height * box.width) / (375.0 * 500);
      },
      4000);
  EXPECT_GT(areas.mean, 0.4) << "0.54 less what does not fit";
  EXPECT_LT(areas.mean, 0.54);
  EXPECT_LT(fallbacks, 40);
}

TEST(RandomCrop, OfAThinPictureIsTheCentre) {
  Random random(1);
  const Box box = draw_crop(10, 2000, random);
  EXPECT_EQ(box.height, 10);
  EXPECT_EQ(box.width, 13);
  EXPECT_EQ(box.left, 993);
}

TEST(RandomCrop, IsAFunctionOfTheSeed) {
  const Picture picture = noise(50, 70, 1);
  Random one(9), same(9), other(10);
  const Picture first = random_resized_crop(picture, 32, Kernel::kCubic, one);
  EXPECT_EQ(first, random_resized_crop(picture, 32, Kernel::kCubic, same));
  EXPECT_NE(first, random_resized_crop(picture, 32, Kernel::kCubic, other));
  EXPECT_EQ(first.height, 32);
}

TEST(CentralCrop, TakesTheMiddleOfTheScaledPicture) {
  const Picture centre = central_crop(slope(512, 768), 224, Kernel::kLinear);
  EXPECT_EQ(centre.height, 224);
  EXPECT_EQ(centre.width, 224);
  EXPECT_NEAR(centre.at(112, 112)[0], 127, 2);
  EXPECT_NEAR(centre.at(112, 112)[1], 127, 2);
  EXPECT_NEAR(centre.at(0, 112)[0], 255 * 16 / 256, 2) << "16 of 256 rows are above";
  EXPECT_NEAR(centre.at(112, 0)[1], 255 * 80 / 384, 2) << "80 of 384 columns are to the left";
}

/// Of 18 x N pixels, two rows are cut; of the columns an odd number, and Python rounds 1.5 to 2, 2.5 to 2.
TEST(CentralCrop, BeginsWhereThatOfTorchvisionDoes) {
  const std::map<std::int64_t, std::int64_t> first_columns = {{18, 1}, {19, 2}, {20, 2}, {21, 2}, {22, 3}, {23, 4}};
  for (const auto& [width, first] : first_columns) {
    const Picture picture = noise(18, width, 1);  // not scaled: 16 * 8 / 7 is 18
    EXPECT_EQ(central_crop(picture, 16, Kernel::kLinear), crop(picture, 1, first, 16, 16)) << width;
    EXPECT_EQ(central_crop(transposed(picture), 16, Kernel::kLinear), transposed(crop(picture, 1, first, 16, 16)));
  }
}

TEST(CentralCrop, RefusesWhatItWouldMakeTooLarge) {
  EXPECT_THAT(testing_support::message_of([] {
                check_central_crop({1, 65500}, 224, "thin.png");
              }),
              testing::AllOf(testing::HasSubstr("thin.png: error: has 65500 x 1 pixels, too thin: "),
                             testing::HasSubstr("it would have 16768000 x 256; allowed: 200000000 in all")));
  EXPECT_THROW(check_central_crop({65500, 1}, 224, "thin.png"), DamagedFile);
  EXPECT_NO_THROW(check_central_crop({1, 3000}, 224, "thin.png"));
}

TEST(Colours, AreLeftAloneByFactorOne) {
  const Picture picture = noise(9, 8, 2);
  EXPECT_EQ(with_brightness(picture, 1), picture);
  EXPECT_EQ(with_contrast(picture, 1), picture);
  EXPECT_EQ(with_saturation(picture, 1), picture);
  EXPECT_EQ(with_sharpness(picture, 1), picture);
  Random random(1);
  EXPECT_EQ(colour_jitter(picture, 0, random), picture);
}

TEST(Colours, ByFactorZeroAreTheBaseline) {
  const Picture picture = plain(6, 6, 200, 100, 50);
  EXPECT_EQ(with_brightness(picture, 0), plain(6, 6, 0, 0, 0));
  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
  EXPECT_EQ(with_saturation(picture, 0), plain(6, 6, 124, 124, 124));
  EXPECT_EQ(with_contrast(picture, 0), plain(6, 6, 124, 124, 124));
  EXPECT_EQ(with_sharpness(picture, 0), picture) << "a plain picture smoothed is itself";
  EXPECT_EQ(with_brightness(picture, 1.5), plain(6, 6, 255, 150, 75));
}

TEST(ColourJitter, StaysWithinItsAmount) {
  const Picture picture = plain(4, 4, 100, 100, 100);
  Random random(4);
  std::uint8_t low = 255, high = 0;
  for (int i = 0; i < 300; ++i) {
    const std::uint8_t byte = colour_jitter(picture, 0.3, random).rgb[0];
    low = std::min(low, byte);
    high = std::max(high, byte);
  }
  EXPECT_GE(low, 69);
  EXPECT_LE(low, 75);
  EXPECT_GE(high, 125);
  EXPECT_LE(high, 130);
}

TEST(RandAugment, ChangesNothingAtLevelZero) {
  const Picture picture = noise(21, 30, 6);
  for (const Operation operation :
       {Operation::kRotate, Operation::kSolarize, Operation::kSolarizeAdd, Operation::kSaturation, Operation::kContrast,
        Operation::kBrightness, Operation::kSharpness, Operation::kShearX, Operation::kShearY, Operation::kTranslateX,
        Operation::kTranslateY}) {
    for (const bool negative : {false, true}) {
      EXPECT_EQ(apply(operation, picture, 0, negative, kFill), picture) << static_cast<int>(operation);
    }
  }
}

TEST(RandAugment, OperationsDoWhatTheyAreCalled) {
  const Picture picture = noise(20, 40, 6);
  const auto done = [&](Operation operation, double level, bool negative = false) {
    return apply(operation, picture, level, negative, kFill);
  };
  EXPECT_EQ(apply(Operation::kInvert, done(Operation::kInvert, 9), 9, false, kFill), picture);
  EXPECT_EQ(done(Operation::kSolarize, 10), done(Operation::kInvert, 10)) << "threshold 0";
  EXPECT_EQ(done(Operation::kPosterize, 5).rgb[7], picture.rgb[7] & 0xC0) << "two of eight bits are left";
  EXPECT_EQ(done(Operation::kPosterize, 10), plain(20, 40, 0, 0, 0));
  const Picture moved = done(Operation::kTranslateX, 10);
  EXPECT_EQ(moved.at(5, 3)[1], picture.at(5, 21)[1]) << "45 % of 40 columns";
  EXPECT_EQ(moved.at(5, 30)[2], kFill[2]);
  const Picture back = done(Operation::kTranslateY, 10, true);
  EXPECT_EQ(back.at(12, 3)[1], picture.at(3, 3)[1]);
  EXPECT_EQ(back.at(0, 0)[0], kFill[0]);
  // Sheared by 0.3, row 30 is what lies 0.3 * 30.5 pixels to the right.
  EXPECT_NEAR(apply(Operation::kShearX, slope(40, 40), 10, false, kFill).at(30, 10)[1], 255 * (10 + 9.15) / 40, 3);
  EXPECT_NEAR(apply(Operation::kShearY, slope(40, 40), 10, false, kFill).at(10, 30)[0], 255 * (10 + 9.15) / 40, 3);
}

TEST(RandAugment, RotatesAboutTheCentre) {
  const Picture picture = slope(41, 41);
  const Picture turned = apply(Operation::kRotate, picture, 10, false, kFill);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(turned.at(20, 20)[c], picture.at(20, 20)[c], 1);
  // 10 pixels to the right of the centre comes from 30 degrees around: 10 cos 30 across, 10 sin 30 down.
  EXPECT_NEAR(turned.at(20, 30)[1], 255 * (20 + 8.66) / 41, 2);
  EXPECT_NEAR(turned.at(20, 30)[0], 255 * (20 + 5.0) / 41, 2);
  EXPECT_EQ(turned.at(0, 0)[0], kFill[0]);
}

TEST(RandAugment, StretchesAndEqualizes) {
  Picture picture(64, 64);
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = static_cast<std::uint8_t>(100 + i / 3 % 51);
  const auto range = [](const Picture& any) { return std::minmax_element(any.rgb.begin(), any.rgb.end()); };
  for (const Operation operation : {Operation::kAutoContrast, Operation::kEqualize}) {
    const Picture result = apply(operation, picture, 5, false, kFill);
    EXPECT_EQ(*range(result).first, 0);
    EXPECT_GE(*range(result).second, 250);
    EXPECT_EQ(apply(operation, plain(4, 4, 9, 9, 9), 5, false, kFill), plain(4, 4, 9, 9, 9));
  }
}

TEST(RandAugment, AppliesEachOfTwoOperationsHalfOfTheTime) {
  const Picture picture = noise(12, 12, 1);
  Random random(7);
  int same = 0;
  for (int i = 0; i < 2000; ++i) same += rand_augment(picture, {}, random) == picture;
  EXPECT_NEAR(same, 500, 100) << "1/4, and little more for operations that happen to change nothing";
  Random one(3), again(3);
  EXPECT_EQ(rand_augment(picture, {}, one), rand_augment(picture, {}, again));
}

TEST(RandomErase, FillsABoxWithNoiseOfUnitDeviation) {
  constexpr std::int64_t kSize = 40;
  Random random(5);
  int erased = 0;
  double area = 0, squares = 0;
  for (int i = 0; i < 1000; ++i) {
    std::vector<float> pixels(kSize * kSize * 3, 100.0f);
    random_erase(pixels, kSize, 0.25, random);
    const auto changed = std::count_if(pixels.begin(), pixels.end(), [](float value) { return value != 100.0f; });
    erased += changed > 0;
    area += static_cast<double>(changed);
    for (const float value : pixels) squares += value == 100.0f ? 0 : value * value;
  }
  EXPECT_NEAR(erased, 250, 50);
  EXPECT_NEAR(area / erased / (kSize * kSize * 3), (0.02 + 1.0 / 3) / 2, 0.03);
  EXPECT_NEAR(squares / area, 1, 0.02);
  std::vector<float> untouched(kSize * kSize * 3, 1.0f);
  random_erase(untouched, kSize, 0, random);
  EXPECT_THAT(untouched, testing::Each(1.0f));
}

TEST(Mix, SharesFollowTheBetaDistribution) {
  Random random(2);
  int cuts = 0;
  std::vector<double> mixups, areas;
  for (int i = 0; i < 8000; ++i) {
    const Mix mix = draw_mix(0.8, 1.0, 224, random);
    cuts += mix.cut;
    (mix.cut ? areas : mixups).push_back(mix.share);
    EXPECT_LE(mix.box.top + mix.box.height, 224);
    const double inside = static_cast<double>(mix.box.height * mix.box.width) / 224 / 224;
    EXPECT_NEAR(mix.cut ? mix.share : 1, 1 - inside, 1e-12);
  }
  EXPECT_NEAR(cuts, 4000, 200);
  const auto mean = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  EXPECT_NEAR(mean(mixups), 0.5, 0.02);
  EXPECT_GT(mean(areas), 0.55) << "boxes are cut at the edges";
  EXPECT_EQ(draw_mix(0, 0, 224, random).share, 1);
  EXPECT_FALSE(draw_mix(0.8, 0, 224, random).cut);
  EXPECT_TRUE(draw_mix(0, 1, 224, random).cut);
}

TEST(Mix, OfPicturesAndLabelsAgree) {
  constexpr std::int64_t kSize = 8, kCount = 5, kClasses = 5;
  const std::vector<std::int64_t> labels = {0, 1, 2, 3, 4};
  Random random(6);
  for (int i = 0; i < 50; ++i) {
    const Mix mix = draw_mix(0.8, 1.0, kSize, random);
    // Picture k holds k everywhere: its mean tells the shares.
    std::vector<float> pixels;
    for (std::int64_t k = 0; k < kCount; ++k) pixels.insert(pixels.end(), kSize * kSize * 3, static_cast<float>(k));
    const std::vector<float> before = pixels;
    constexpr std::size_t kValues = kSize * kSize * 3;
    for (std::size_t k = 0; k < kCount; ++k) {
      mix_picture(std::span(pixels).subspan(k * kValues, kValues),
                  std::span(before).subspan((kCount - 1 - k) * kValues, kValues), kSize, mix);
    }
    const std::vector<std::int64_t> partners = {4, 3, 2, 1, 0};
    const std::vector<float> targets = soft_labels(labels, partners, kClasses, 0, mix);
    for (std::size_t k = 0; k < kCount; ++k) {
      const auto begin = pixels.begin() + static_cast<std::ptrdiff_t>(k * kSize * kSize * 3);
      const double mean = std::accumulate(begin, begin + kSize * kSize * 3, 0.0) / (kSize * kSize * 3);
      double expected = 0, sum = 0;
      for (std::size_t c = 0; c < kClasses; ++c) {
        expected += static_cast<double>(c) * targets[k * kClasses + c];
        sum += targets[k * kClasses + c];
      }
      EXPECT_NEAR(mean, expected, 1e-5);
      EXPECT_NEAR(sum, 1, 1e-6);
    }
  }
}

TEST(SoftLabels, Smooth) {
  const std::vector<std::int64_t> labels = {2, 0};
  const std::vector<float> rows = soft_labels(labels, labels, 4, 0.1, {});
  EXPECT_FLOAT_EQ(rows[2], 0.925f);
  EXPECT_FLOAT_EQ(rows[0], 0.025f);
  EXPECT_FLOAT_EQ(rows[4], 0.925f);
  EXPECT_NEAR(std::accumulate(rows.begin(), rows.end(), 0.0), 2, 1e-6);
}

TEST(RepeatedOrder, HasAThirdOfThePicturesThreeTimes) {
  std::map<std::int64_t, int> seen;
  for (const std::int64_t index : repeated_order(999, 3, 1, 0)) ++seen[index];
  EXPECT_EQ(seen.size(), 333u);
  for (const auto& [index, count] : seen) EXPECT_EQ(count, 3) << index;
  EXPECT_NE(repeated_order(999, 3, 1, 0), repeated_order(999, 3, 1, 1));
}

}  // namespace
}  // namespace ldpsim::data
