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
using testing_support::plain;
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

TEST(Picture, ChangedScanOfAJpegIsDamaged) {
  // Where a length of code changed, those after it end before or after the picture does. Where it did not, nobody can
  // tell; of these 20 places, that is 7.
  EXPECT_GE(refused_of(encode_jpeg(noise(64, 96, 3), 90), false), 10);
  const ScratchFolder folder;
  std::string bytes = encode_jpeg(noise(64, 96, 3), 90);
  const std::string half = bytes.substr(bytes.size() / 2, bytes.size() - 2 - bytes.size() / 2);
  bytes.insert(bytes.size() - 2, half);
  EXPECT_THAT(message_of([&] { read_picture(folder.write("longer.jpg", bytes)); }),
              HasSubstr("longer.jpg: error: cannot be decoded: "));
}

std::string padded_before(const std::string& marker, std::string bytes) {
  return bytes.insert(bytes.find(marker), std::string(7, '\0'));
}

TEST(Picture, PaddingBetweenSegmentsOfAJpegIsSound) {
  const ScratchFolder folder;
  const std::string bytes = encode_jpeg(noise(64, 96, 3), 90);
  const Picture expected = read_picture(folder.write("sound.jpg", bytes));
  for (const char* const marker : {"\xFF\xC4", "\xFF\xC0", "\xFF\xDA"}) {
    const std::string file = folder.write("padded.jpg", padded_before(marker, bytes));
    EXPECT_EQ(read_picture(file), expected);
    EXPECT_EQ(read_picture_size(file).width, 96);
  }
}

TEST(Picture, PaddingDoesNotHideADamagedScan) {
  EXPECT_GE(refused_of(padded_before("\xFF\xC4", encode_jpeg(noise(64, 96, 3), 90)), false), 10);
  EXPECT_EQ(refused_of(padded_before("\xFF\xC4", encode_jpeg(noise(20, 30, 2), 90)), true), 20);
}

/// Three samples of brightness for one of each colour, which TurboJPEG has no name for and does not write: the header
/// of a grey picture of 4:4:4 is changed, and its scan written by hand.
TEST(Picture, ReadsUnusualSubsampling) {
  const ScratchFolder folder;
  std::string bytes = encode_jpeg(plain(8, 24, 128, 128, 128), 90);
  bytes[bytes.find("\xFF\xC0") + 11] = 0x31;  // 3 x 1 samples of the first component
  const std::size_t scan = bytes.find("\xFF\xDA") + 14;
  // Brightness: no difference (00), end of block (1010), three times; colours: 00 and 00, twice; six bits of padding.
  bytes.replace(scan, bytes.size() - 2 - scan, "\x28\xA2\x80\x3F");
  EXPECT_EQ(read_picture(folder.write("x.jpg", bytes)), plain(8, 24, 128, 128, 128));
  EXPECT_EQ(read_picture_size(folder.write("x.jpg", padded_before("\xFF\xC4", bytes))).width, 24);
}

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
