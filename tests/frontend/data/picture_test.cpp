// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/picture.hpp"

#include <gmock/gmock.h>
#include <png.h>

#include <cmath>

#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::noise;
using testing_support::ScratchFolder;
using testing_support::slope;

TEST(Picture, SurvivesPngWithoutLoss) {
  const ScratchFolder folder;
  const Picture picture = noise(37, 53, 1);
  EXPECT_EQ(read_picture(folder.write("x.png", encode_png(picture))), picture);
}

TEST(Picture, SurvivesJpegNearly) {
  const ScratchFolder folder;
  const Picture picture = slope(64, 96), decoded = read_picture(folder.write("x.png", encode_jpeg(picture, 95)));
  ASSERT_EQ(decoded.rgb.size(), picture.rgb.size()) << "told by its first bytes, not by its name";
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) ASSERT_NEAR(decoded.rgb[i], picture.rgb[i], 8) << i;
}

TEST(Picture, SizeNeedsNoDecoding) {
  const ScratchFolder folder;
  std::string bytes = encode_jpeg(slope(64, 96), 90);
  const std::string file = folder.write("cut.jpg", bytes.substr(0, bytes.size() / 2));
  EXPECT_EQ(read_picture_size(file).height, 64);
  EXPECT_EQ(read_picture_size(file).width, 96);
  EXPECT_EQ(read_picture_size(folder.write("x.png", encode_png(slope(5, 7)))).width, 7);
}

/// PNG files of other layouts than ours.
std::string png_of(std::uint32_t format, const void* pixels, std::uint32_t height, std::uint32_t width) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.format = format;
  image.height = height;
  image.width = width;
  png_alloc_size_t count = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(count, '\0');
  png_image_write_to_memory(&image, bytes.data(), &count, 0, pixels, 0, nullptr);
  bytes.resize(count);
  return bytes;
}

TEST(Picture, RepeatsGrey) {
  const ScratchFolder folder;
  const std::vector<std::uint8_t> grey = {0, 100, 255, 7};
  const Picture picture = read_picture(folder.write("grey.png", png_of(PNG_FORMAT_GRAY, grey.data(), 2, 2)));
  EXPECT_THAT(picture.rgb, testing::ElementsAre(0, 0, 0, 100, 100, 100, 255, 255, 255, 7, 7, 7));
}

TEST(Picture, BlendsTransparencyOnWhite) {
  const ScratchFolder folder;
  const std::vector<std::uint8_t> pixels = {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 51};
  const Picture picture = read_picture(folder.write("a.png", png_of(PNG_FORMAT_RGBA, pixels.data(), 1, 3)));
  EXPECT_THAT(picture.rgb, testing::ElementsAre(10, 20, 30, 255, 255, 255, 204, 224, 244));
}

/// What of a file cut or changed at each of many places is not read as if it were sound.
int refused_of(const std::string& sound, bool cut) {
  const ScratchFolder folder;
  int refused = 0;
  for (int i = 1; i <= 20; ++i) {
    std::string bytes = sound;
    const std::size_t place = bytes.size() * static_cast<std::size_t>(i) / 21;
    if (cut) bytes.resize(place);
    if (!cut) bytes[place] = static_cast<char>(bytes[place] ^ 0x55);
    try {
      read_picture(folder.write("damaged", bytes));
    } catch (const DamagedFile& error) {
      EXPECT_THAT(error.what(), HasSubstr("damaged: error: "));
      ++refused;
    }
  }
  return refused;
}

TEST(Picture, CutShortIsDamaged) {
  EXPECT_EQ(refused_of(encode_png(noise(20, 30, 2)), true), 20);
  EXPECT_EQ(refused_of(encode_jpeg(noise(20, 30, 2), 90), true), 20);
}

TEST(Picture, ChangedPngIsDamaged) { EXPECT_EQ(refused_of(encode_png(noise(20, 30, 3)), false), 20); }

TEST(Picture, ErrorsNameFileAndReason) {
  const ScratchFolder folder;
  EXPECT_THAT(message_of([&] { read_picture(folder.path("none.png")); }), HasSubstr("none.png: error: no such file"));
  EXPECT_THAT(message_of([&] { read_picture(folder.write("a.png", "GIF89a")); }),
              HasSubstr("a.png: error: is neither a JPEG nor a PNG picture"));
  EXPECT_THAT(message_of([&] { read_picture(folder.write("b.png", encode_png(noise(10, 30, 1))), 299); }),
              HasSubstr("b.png: error: has 30 x 10 pixels; allowed: 299 in all"));
}

TEST(Picture, CropMirrorTranspose) {
  const Picture picture = noise(4, 6, 5);
  const Picture part = crop(picture, 1, 2, 2, 3);
  EXPECT_EQ(part.at(1, 2)[1], picture.at(2, 4)[1]);
  EXPECT_EQ(mirrored(picture).at(1, 0)[2], picture.at(1, 5)[2]);
  EXPECT_EQ(mirrored(mirrored(picture)), picture);
  EXPECT_EQ(transposed(picture).at(5, 3)[0], picture.at(3, 5)[0]);
  EXPECT_THROW(crop(picture, 3, 0, 2, 2), InternalError);
}

}  // namespace
}  // namespace ldpsim::data
