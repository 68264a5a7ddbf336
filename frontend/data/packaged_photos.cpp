// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/packaged_photos.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/data/resize.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::data {
namespace {

namespace fs = std::filesystem;

PackagedFile lomiri(const std::string& name) {
  return {"lomiri-wallpapers-16.04", "usr/share/backgrounds/" + name + ".jpg"};
}
PackagedFile plasma(const std::string& name) {
  return {"plasma-workspace-wallpapers", "usr/share/wallpapers/" + name + "/contents/images/2560x1600.jpg"};
}
PackagedFile mate(const std::string& name) {
  return {"mate-backgrounds", "usr/share/backgrounds/mate/nature/" + name + ".jpg"};
}
PackagedFile palapeli(const std::string& name) {
  return {"palapeli-data", "usr/share/palapeli/collection/" + name + ".jpg"};
}
PackagedFile opencv(const std::string& name) { return {"opencv-doc", "usr/share/doc/opencv-doc/examples/" + name}; }

template <class Make>
void add(std::vector<PackagedFile>& files, Make make, const std::vector<std::string>& names) {
  std::transform(names.begin(), names.end(), std::back_inserter(files), make);
}

PackagedPhotos listed_photos() {
  PackagedPhotos photos;
  add(photos.train, lomiri,
      {"Bridge_by_Sander_Klootwijk", "Dragonfly_by_Bolly", "Picture_0B_by_freespace", "Picture_1A_by_freespace",
       "Wine_by_Jakkub_Mede", "aitzgorri_by_Aitzol_Berasategi", "friends_by_Aitzol_Berasategi",
       "greentock_by_Peter_Nerlich", "life_by_Aitzol_Berasategi", "picosdeeuropa_by_Aitzol_Berasategi",
       "seeding_by_Clements_Engelhardt", "sunset_by_Aitzol_Berasategi"});
  add(photos.train, plasma,
      {"Autumn", "BytheWater", "ColorfulCups", "EveningGlow", "FallenLeaf", "Grey", "Kite", "OneStandsOut", "Path"});
  add(photos.train, palapeli, {"citrus-fruits", "european-honey-bee", "panther-chameleon-female"});
  add(photos.test, opencv,
      {"dnn_superres/butterfly.png", "data/baboon.jpg", "data/building.jpg", "data/leuvenA.jpg", "data/home.jpg",
       "reg/home.png", "data/board.jpg", "data/graf1.png", "data/aloeL.jpg", "data/fruits.jpg", "data/squirrel_cls.jpg",
       "data/aero1.jpg", "data/aero3.jpg"});
  add(photos.test, plasma, {"ColdRipple"});
  add(photos.test, palapeli, {"castle-maintenon", "cincinnati-bridge"});
  return photos;
}

constexpr std::int64_t kWidth = 1280, kBlock = 160, kHeldOut = 6, kShortSide = 800;
constexpr double kDeviation = 50;  // of a patch, in steps of a byte
constexpr std::uint64_t kPatchSeed = 1;

/// Writes a patch as planes, standardised.
void write_patch(const Picture& photo, std::int64_t top, std::int64_t left, std::uint8_t* out) {
  constexpr std::int64_t kPixels = kInputSize * kInputSize;
  std::array<double, 3> means{};
  double squares = 0;
  const auto each = [&](auto visit) {
    for (std::int64_t i = 0; i < kPixels; ++i) {
      const std::uint8_t* pixel = photo.at(top + i / kInputSize, left + i % kInputSize);
      for (std::size_t c = 0; c < 3; ++c) visit(i, c, pixel[c]);
    }
  };
  each([&](std::int64_t, std::size_t c, std::uint8_t byte) { means[c] += byte / static_cast<double>(kPixels); });
  each([&](std::int64_t, std::size_t c, std::uint8_t byte) { squares += (byte - means[c]) * (byte - means[c]); });
  // A patch of one colour stays one.
  const double scale = kDeviation / std::max(1.0, std::sqrt(squares / (3.0 * kPixels)));
  each([&](std::int64_t i, std::size_t c, std::uint8_t byte) {
    const double value = std::clamp(127.5 + (byte - means[c]) * scale, 0.0, 255.0);
    out[static_cast<std::int64_t>(c) * kPixels + i] = static_cast<std::uint8_t>(std::lround(value));
  });
}

/// Patches of all photos in turn, so that any first part of the set has all classes.
ImageSet patches_of(const std::vector<Picture>& photos, std::int64_t count, bool test, Random& random) {
  ImageSet set;
  const auto classes = static_cast<std::int64_t>(photos.size());
  set.pixels.resize(static_cast<std::size_t>(count * classes * set.image_bytes()));
  for (std::int64_t i = 0; i < count * classes; ++i) {
    const std::int64_t label = i % classes;
    const Picture& photo = photos[static_cast<std::size_t>(label)];
    const std::int64_t across = photo.width / kBlock, blocks = across * (photo.height / kBlock);
    // Blocks 5, 11, 17, ... are for testing.
    const std::int64_t tests = blocks / kHeldOut;
    std::int64_t block;
    if (test) {
      block = random.between(0, tests - 1) * kHeldOut + kHeldOut - 1;
    } else {
      block = random.between(0, blocks - tests - 1);
      block += block / (kHeldOut - 1);
    }
    const std::int64_t top = block / across * kBlock + random.between(0, kBlock - kInputSize);
    const std::int64_t left = block % across * kBlock + random.between(0, kBlock - kInputSize);
    write_patch(photo, top, left, set.pixels.data() + i * set.image_bytes());
    set.labels.push_back(static_cast<std::uint8_t>(label));
  }
  return set;
}

Dataset load_patches(const fs::path& root) {
  require_packages(root, patch_photos());
  std::vector<Picture> photos;
  for (const PackagedFile& file : patch_photos()) {
    const Picture photo = read_picture(root / file.path);
    photos.push_back(resize(photo, photo.height * kWidth / photo.width, kWidth, Kernel::kCubic, Edge::kRepeat));
  }
  return cut_patches(photos, 5000, 1000, kPatchSeed);
}

SuperResolutionSet load_photos(const fs::path& root) {
  const PackagedPhotos& photos = super_resolution_photos();
  require_packages(root, photos.train);
  require_packages(root, photos.test);
  SuperResolutionSet set{"photos", {}, {}, kShortSide};
  for (const PackagedFile& file : photos.train) set.train.push_back({root / file.path, {}});
  for (const PackagedFile& file : photos.test) set.test.push_back({root / file.path, {}});
  return set;
}

}  // namespace

const PackagedPhotos& super_resolution_photos() {
  static const PackagedPhotos photos = listed_photos();
  return photos;
}

const std::vector<PackagedFile>& patch_photos() {
  static const std::vector<PackagedFile> files = {mate("Garden"),
                                                  mate("Dune"),
                                                  mate("Storm"),
                                                  mate("GreenMeadow"),
                                                  lomiri("picosdeeuropa_by_Aitzol_Berasategi"),
                                                  lomiri("life_by_Aitzol_Berasategi"),
                                                  lomiri("Dragonfly_by_Bolly"),
                                                  plasma("Autumn"),
                                                  plasma("EveningGlow"),
                                                  plasma("ColorfulCups")};
  return files;
}

Dataset cut_patches(const std::vector<Picture>& photos, std::int64_t train_count, std::int64_t test_count,
                    std::uint64_t seed) {
  constexpr auto kScaled = static_cast<float>(kDeviation / 255);
  Dataset set{
      "photo-patches", static_cast<int>(photos.size()), {0.5f, 0.5f, 0.5f}, {kScaled, kScaled, kScaled}, {}, {}};
  Random random(seed);
  set.train = patches_of(photos, train_count, false, random);
  set.test = patches_of(photos, test_count, true, random);
  return set;
}

DatasetEntry photo_patches() {
  DatasetEntry entry;
  entry.name = "photo-patches";
  entry.summary = "50,000 + 10,000 patches of ten photographs, shaped as CIFAR-10; which one is told by texture alone";
  entry.loader = Loader<Dataset>(load_patches);
  entry.packaged = patch_photos();
  entry.default_directory = package_root(entry.packaged);
  return entry;
}

DatasetEntry photos() {
  DatasetEntry entry;
  entry.name = "photos";
  entry.summary = "24 + 16 photographs, large ones halved";
  entry.loader = Loader<SuperResolutionSet>(load_photos);
  entry.packaged = super_resolution_photos().train;
  entry.packaged.insert(entry.packaged.end(), super_resolution_photos().test.begin(),
                        super_resolution_photos().test.end());
  entry.default_directory = package_root(entry.packaged);
  return entry;
}

}  // namespace ldpsim::data
