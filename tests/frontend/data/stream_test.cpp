// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>

#include "frontend/data/image_stream.hpp"
#include "frontend/data/patch_stream.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::noise;
using testing_support::plain;
using testing_support::ScratchFolder;

TEST(Prefetcher, HandsOutInOrderWhateverTheWorkersDo) {
  for (const int workers : {0, 1, 7}) {
    std::atomic<std::int64_t> most{0}, taken{5};
    Prefetcher<std::int64_t> squares(
        [&](std::int64_t i) {
          most = std::max<std::int64_t>(most, i - taken);
          std::this_thread::sleep_for(std::chrono::microseconds(i * 37 % 100));
          return i * i;
        },
        5, 200, workers, 10);
    for (std::int64_t i = 5; i < 200; ++i) {
      taken = i;
      ASSERT_EQ(squares.next(), i * i);
    }
    EXPECT_LE(most, 11) << "no more is made ahead than allowed";
  }
}

TEST(Prefetcher, PassesOnFailuresInTheirPlace) {
  Prefetcher<int> items(
      [](std::int64_t i) {
        if (i == 2) throw UserError("third", "fails");
        return static_cast<int>(i);
      },
      0, 100, 3, 4);
  EXPECT_EQ(items.next(), 0);
  EXPECT_EQ(items.next(), 1);
  EXPECT_THAT(message_of([&] { items.next(); }), HasSubstr("third: error: fails"));
  EXPECT_EQ(items.next(), 3);
}

/// Ten plain pictures, told apart by their red.
class Pictures : public testing::Test {
 protected:
  Pictures() {
    for (std::int64_t i = 0; i < 10; ++i) {
      const std::string bytes = encode_png(plain(20, 24, static_cast<std::uint8_t>(25 * i), 80, 160));
      files_.push_back({scratch_.write(std::to_string(i) + ".png", bytes), i % 3});
    }
  }
  void damage(std::size_t index) { std::ofstream(files_[index].file) << "not a picture"; }
  static std::vector<int> reds(const ImageBatch& batch) {
    std::vector<int> found;
    for (std::int64_t i = 0; i < batch.count; ++i) {
      const float value = batch.pixels[static_cast<std::size_t>(i * batch.size * batch.size * 3)];
      found.push_back(static_cast<int>(std::lround((value * kPhotoDeviation[0] + kPhotoMean[0]) * 255 / 25)));
    }
    return found;
  }
  ScratchFolder scratch_;
  /// What this number of processes get together is what one gets, in five batches.
  void expect_shared_out(const ImageRecipe& recipe, int processes) {
    settings_.rank = 0;
    settings_.world_size = 1;
    ImageStream whole(files_, 3, recipe, settings_);
    settings_.world_size = processes;
    std::vector<std::unique_ptr<ImageStream>> parts;
    for (settings_.rank = 0; settings_.rank < processes; ++settings_.rank) {
      parts.push_back(std::make_unique<ImageStream>(files_, 3, recipe, settings_));
    }
    for (int i = 0; i < 5; ++i) {
      ImageBatch joined;
      for (const auto& part : parts) {
        const ImageBatch batch = part->next();
        joined.pixels.insert(joined.pixels.end(), batch.pixels.begin(), batch.pixels.end());
        joined.labels.insert(joined.labels.end(), batch.labels.begin(), batch.labels.end());
        joined.targets.insert(joined.targets.end(), batch.targets.begin(), batch.targets.end());
      }
      const ImageBatch expected = whole.next();
      ASSERT_EQ(joined.pixels, expected.pixels) << "batch " << i << " of " << processes << " processes";
      ASSERT_EQ(joined.labels, expected.labels);
      ASSERT_EQ(joined.targets, expected.targets);
    }
  }
  std::vector<LabelledFile> files_;
  StreamSettings settings_{.batch = 4, .workers = 3};
};

TEST_F(Pictures, ForTestingComeInOrder) {
  ImageStream stream(files_, 3, evaluation_recipe(standard_recipe(16)), settings_);
  ASSERT_EQ(stream.batches_per_epoch(), 3);
  EXPECT_THAT(reds(stream.next()), testing::ElementsAre(0, 1, 2, 3));
  const ImageBatch second = stream.next();
  EXPECT_THAT(second.labels, testing::ElementsAre(1, 2, 0, 1));
  EXPECT_TRUE(second.targets.empty());
  EXPECT_THAT(reds(stream.next()), testing::ElementsAre(8, 9)) << "the rest";
}

TEST_F(Pictures, ForTrainingAreEachSeenOnceAnEpoch) {
  ImageStream stream(files_, 3, standard_recipe(16), settings_);
  std::vector<int> first, second;
  for (std::vector<int>* epoch : {&first, &second}) {
    for (int i = 0; i < 3; ++i) {
      for (const int red : reds(stream.next())) epoch->push_back(red);
    }
  }
  EXPECT_NE(first, second);
  EXPECT_THAT(first, testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_THAT(second, testing::UnorderedElementsAreArray(first));
}

TEST_F(Pictures, ForTrainingWithoutAugmentationAreShuffledAllTheSame) {
  ImageRecipe recipe = evaluation_recipe(standard_recipe(16));
  recipe.shuffle = true;
  settings_.batch = 10;
  ImageStream stream(files_, 3, recipe, settings_);
  const std::vector<int> first = reds(stream.next()), second = reds(stream.next());
  EXPECT_NE(first, second);
  EXPECT_THAT(first, testing::UnorderedElementsAreArray(second));
}

TEST_F(Pictures, DependNeitherOnWorkersNorOnWhereARunWasResumed) {
  ImageRecipe recipe = deit_recipe(16);
  ImageStream one(files_, 3, recipe, settings_);
  settings_.workers = 0;
  settings_.first_batch = 2;
  ImageStream other(files_, 3, recipe, settings_);
  one.next();
  one.next();
  for (int i = 0; i < 4; ++i) {
    const ImageBatch expected = one.next(), batch = other.next();
    ASSERT_EQ(batch.pixels, expected.pixels);
    ASSERT_EQ(batch.targets, expected.targets);
    EXPECT_EQ(batch.targets.size(), static_cast<std::size_t>(3 * batch.count));
  }
}

TEST_F(Pictures, AreSharedOutAmongProcesses) { expect_shared_out(standard_recipe(16), 3); }

TEST_F(Pictures, AreMixedWithThoseOfOtherProcesses) {
  for (const std::int64_t batch : {4, 7}) {  // the last of an epoch has two or three pictures
    settings_.batch = batch;
    for (const int processes : {2, 3}) expect_shared_out(deit_recipe(16), processes);
  }
}

/// In the first of two processes, the red of a picture tells how much of its partner in the second it has.
TEST_F(Pictures, AreMixedWithTheirPartners) {
  ImageRecipe recipe = standard_recipe(16);
  recipe.mixup_shape = 1;
  recipe.shuffle = recipe.augment = false;
  settings_.batch = 10;
  settings_.world_size = 2;
  const ImageBatch batch = ImageStream(files_, 3, recipe, settings_).next();
  ASSERT_EQ(batch.count, 5);
  for (std::size_t i = 0; i < 5; ++i) {
    if (i % 3 == (9 - i) % 3) continue;  // of the same class: the target does not tell the share
    const double share = batch.targets[3 * i + i % 3];
    EXPECT_NEAR(batch.targets[3 * i + (9 - i) % 3], 1 - share, 1e-6);
    const double red = (batch.pixels[i * 16 * 16 * 3] * kPhotoDeviation[0] + kPhotoMean[0]) * 255 / 25;
    const auto place = static_cast<double>(i);
    EXPECT_NEAR(red, share * place + (1 - share) * (9 - place), 1e-3) << i;
  }
}

TEST_F(Pictures, DamagedOnesAreErrorsOrLeftOutAndNamed) {
  damage(2);
  damage(5);
  const ImageRecipe test = evaluation_recipe(standard_recipe(16));
  EXPECT_THAT(message_of([&] { ImageStream(files_, 3, test, settings_).next(); }),
              HasSubstr("2.png: error: is neither"));
  std::vector<std::string> named;
  settings_.skip_damaged = true;
  settings_.damaged = [&](const std::string& message) { named.push_back(message); };
  ImageStream stream(files_, 3, test, settings_);
  EXPECT_THAT(reds(stream.next()), testing::ElementsAre(0, 1, 3));
  EXPECT_THAT(reds(stream.next()), testing::ElementsAre(4, 6, 7));
  ASSERT_EQ(named.size(), 2u);
  EXPECT_THAT(named[1], HasSubstr("5.png: error: "));
  ImageStream training(files_, 3, standard_recipe(16), settings_);
  named.clear();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(training.next().count, i % 3 == 2 ? 2 : 4) << "another takes its place";
  EXPECT_EQ(named.size(), 2u) << "once each in three epochs";
  for (std::size_t i = 0; i < files_.size(); ++i) damage(i);
  ImageStream hopeless(files_, 3, standard_recipe(16), settings_);
  EXPECT_THAT(message_of([&] { hopeless.next(); }), HasSubstr("every picture is damaged"));
}

TEST_F(Pictures, TooThinToBeTestedAreErrorsOrLeftOut) {
  std::ofstream(files_[1].file, std::ios::binary) << encode_png(plain(1, 20000, 1, 2, 3));
  const ImageRecipe test = evaluation_recipe(standard_recipe(112));
  EXPECT_THAT(message_of([&] { ImageStream(files_, 3, test, settings_).next(); }),
              HasSubstr("1.png: error: has 20000 x 1 pixels, too thin"));
  settings_.skip_damaged = true;
  ImageStream stream(files_, 3, test, settings_);
  EXPECT_THAT(reds(stream.next()), testing::ElementsAre(0, 2, 3));
}

class Patches : public testing::Test {
 protected:
  Patches() {
    set_.name = "made up";
    for (std::uint64_t i = 0; i < 3; ++i) {
      const auto side = static_cast<std::int64_t>(16 << i);
      set_.train.push_back({scratch_.write(std::to_string(i) + ".png", encode_png(noise(side, side, i))), {}});
    }
  }
  ScratchFolder scratch_;
  SuperResolutionSet set_;
  PatchSettings patches_{.scale = 2, .low_size = 8};
  StreamSettings settings_{.batch = 6, .workers = 2};
};

TEST_F(Patches, DoNotDependOnWorkersMemoryOrProcesses) {
  PatchStream whole(set_, patches_, settings_);
  patches_.memory_bytes = 0;
  settings_.workers = 0;
  settings_.first_batch = 1;
  settings_.world_size = 2;
  PatchStream one(set_, patches_, settings_);
  settings_.rank = 1;
  PatchStream two(set_, patches_, settings_);
  whole.next();
  for (int i = 0; i < 3; ++i) {
    const PatchBatch expected = whole.next();
    ASSERT_EQ(expected.count, 6);
    ASSERT_EQ(expected.high.size(), 6u * 16 * 16 * 3);
    PatchBatch joined = one.next();
    const PatchBatch rest = two.next();
    joined.low.insert(joined.low.end(), rest.low.begin(), rest.low.end());
    joined.high.insert(joined.high.end(), rest.high.begin(), rest.high.end());
    ASSERT_EQ(joined.low, expected.low);
    ASSERT_EQ(joined.high, expected.high);
  }
}

TEST_F(Patches, ComeFromLargePicturesMoreOften) {
  // The smallest picture is one patch: 16 x 16 of 16 x 16 + 32 x 32 + 64 x 64 pixels.
  settings_.batch = 210;
  const PatchBatch batch = PatchStream(set_, patches_, settings_).next();
  const Picture smallest = noise(16, 16, 0);
  std::vector<std::uint8_t> wanted = smallest.rgb;
  std::sort(wanted.begin(), wanted.end());
  int found = 0;
  for (std::int64_t i = 0; i < batch.count; ++i) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t at = 0; at < 768; ++at) {
      bytes.push_back(static_cast<std::uint8_t>(std::lround(batch.high[static_cast<std::size_t>(i) * 768 + at] * 255)));
    }
    std::sort(bytes.begin(), bytes.end());  // whatever the view
    found += bytes == wanted;
  }
  EXPECT_NEAR(found, 10, 8);
}

TEST_F(Patches, ErrorsSayWhatIsWrong) {
  patches_.low_size = 9;
  EXPECT_THAT(message_of([&] { PatchStream(set_, patches_, settings_); }),
              AllOf(HasSubstr("0.png: error: has 16 x 16 pixels, in low resolution 8 x 8: patches of 9 x 9 do not fit"),
                    HasSubstr("--image-size")));
  patches_.low_size = 8;
  set_.halve_from = 64;
  EXPECT_EQ(PatchStream(set_, patches_, settings_).next().count, 6);
  set_.halve_from = 32;
  patches_.scale = 1;
  patches_.low_size = 17;
  set_.train.erase(set_.train.begin());
  EXPECT_THAT(message_of([&] { PatchStream(set_, patches_, settings_); }),
              HasSubstr("1.png: error: has 32 x 32 pixels, in low resolution 16 x 16: "))
      << "halved first";
  patches_ = {.scale = 2, .low_size = 8};
  EXPECT_THAT(message_of([&] {
                PatchStream({"set14", {}, {}}, patches_, settings_);
              }),
              HasSubstr("'set14' has no pictures for training"));
  std::ofstream(set_.train[0].high) << "damaged";
  EXPECT_THAT(message_of([&] { PatchStream(set_, patches_, settings_); }), HasSubstr("1.png: error: is neither"));
}

TEST_F(Patches, TooSmallPicturesAreLeftOutByOption) {
  patches_.low_size = 20;  // of 64 x 64 pixels at a scale of two
  settings_.skip_damaged = true;
  std::vector<std::string> named;
  settings_.damaged = [&](const std::string& message) { named.push_back(message); };
  PatchStream stream(set_, patches_, settings_);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(stream.next().count, 6);
  ASSERT_EQ(named.size(), 2u) << "once each";
  EXPECT_THAT(named[0], HasSubstr("0.png: error: has 16 x 16 pixels"));
  EXPECT_THAT(named[1], HasSubstr("1.png: error: has 32 x 32 pixels"));
  // Nor are they tried in place of a damaged one.
  const std::string bytes = testing_support::read_file(set_.train[2].high);
  std::ofstream(set_.train[2].high) << bytes.substr(0, bytes.size() / 2);
  PatchStream damaged(set_, patches_, settings_);
  EXPECT_THAT(message_of([&] { damaged.next(); }), HasSubstr("every picture is damaged"));
  patches_.low_size = 40;
  EXPECT_THAT(message_of([&] { PatchStream(set_, patches_, settings_); }),
              HasSubstr("not one of the 3 pictures for training of 'made up' is sound and large enough"));
}

TEST_F(Patches, DamagedPicturesAreLeftOutByOption) {
  patches_.low_size = 8;
  const std::string bytes = testing_support::read_file(set_.train[2].high);
  std::ofstream(set_.train[2].high) << bytes.substr(0, bytes.size() / 2);  // its header tells the size
  settings_.skip_damaged = true;
  std::vector<std::string> named;
  settings_.damaged = [&](const std::string& message) { named.push_back(message); };
  PatchStream stream(set_, patches_, settings_);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(stream.next().count, 6);
  ASSERT_EQ(named.size(), 1u);
  EXPECT_THAT(named[0], HasSubstr("2.png: error: cannot be decoded"));
}

}  // namespace
}  // namespace ldpsim::data
