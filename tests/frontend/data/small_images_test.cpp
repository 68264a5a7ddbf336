// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "frontend/data/archive.hpp"
#include "frontend/data/batches.hpp"
#include "frontend/data/idx.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "tests/support/program.hpp"

namespace ldpsim::data {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / "ldpsim-data-test";
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& contents) const {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
  }
  void write_zipped(const std::string& name, const std::string& contents) const {
    gzFile file = gzopen((folder_ / name).c_str(), "wb");
    gzwrite(file, contents.data(), static_cast<unsigned>(contents.size()));
    gzclose(file);
  }

  fs::path folder_;
};

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

/// Two grey images of 2x3 pixels.
const std::string kImages = big_endian(0x803) + big_endian(2) + big_endian(2) + big_endian(3) + "abcdefghijkl";
const std::string kLabels = big_endian(0x801) + big_endian(2) + "\x03\x01";

template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

using Idx = Files;

TEST_F(Idx, ReadsPlainAndZippedFiles) {
  write("images", kImages);
  write_zipped("labels.gz", kLabels);
  const ImageSet set = read_idx(folder_ / "images", folder_ / "labels");
  EXPECT_EQ(set.count(), 2);
  EXPECT_EQ(set.channels, 1);
  EXPECT_EQ(set.height, 2);
  EXPECT_EQ(set.width, 3);
  EXPECT_EQ(set.pixels[6], 'g');
  EXPECT_EQ(set.labels, (std::vector<std::uint8_t>{3, 1}));
}

TEST_F(Idx, RefusesWhatIsWrongNamingTheFile) {
  const auto error = [&] { return error_of([&] { read_idx(folder_ / "images", folder_ / "labels"); }); };
  EXPECT_THAT(error(), HasSubstr("images: error: no such file, plain or .gz"));
  write("images", kImages);
  write("labels", kLabels);
  EXPECT_EQ(error(), "no error");
  write("images", kImages.substr(0, kImages.size() - 1));
  EXPECT_THAT(error(), HasSubstr("images: error: holds 11 bytes of data, its header says 12"));
  write("images", kLabels + kLabels);
  EXPECT_THAT(error(), HasSubstr("is not an IDX file of the right kind; it must begin with 0x00000803"));
  write("images", kImages);
  write("labels", big_endian(0x801) + big_endian(1) + "\x03");
  EXPECT_THAT(error(), HasSubstr("has 1 labels for 2 images"));
}

TEST_F(Idx, SeesATruncatedArchive) {
  write_zipped("images.gz", kImages);
  write("labels", kLabels);
  fs::resize_file(folder_ / "images.gz", fs::file_size(folder_ / "images.gz") - 9);
  EXPECT_THAT(error_of([&] { read_idx(folder_ / "images", folder_ / "labels"); }),
              HasSubstr("images.gz: error: cannot be unzipped"));
}

TEST_F(Idx, HoldsTheContentsAgainstTheirChecksum) {
  write("images", kImages);
  write("labels", kLabels);
  const std::string wrong(64, '0');
  EXPECT_THAT(error_of([&] { read_idx(folder_ / "images", folder_ / "labels", wrong); }), HasSubstr("SHA-256 differs"));
}

TEST(FashionMnist, IsTheOnePublished) {
  const DatasetEntry entry = fashion_mnist();
  if (!fs::exists(entry.default_directory)) GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  const Dataset set = entry.load(entry.default_directory);  // checks the four SHA-256 sums
  EXPECT_EQ(set.train.count(), 60000);
  EXPECT_EQ(set.test.count(), 10000);
  EXPECT_EQ(std::count(set.test.labels.begin(), set.test.labels.end(), 9), 1000);
}

using Cifar = Files;

std::string cifar_record(const std::string& labels, char first_pixel) {
  std::string record = labels + std::string(3072, 'x');
  record[labels.size()] = first_pixel;
  return record;
}

TEST_F(Cifar, ReadsTheFiveBatchesInOrder) {
  for (int i = 1; i <= 5; ++i) {
    write("data_batch_" + std::to_string(i) + ".bin",
          cifar_record(std::string(1, static_cast<char>(i)), static_cast<char>('a' + i)));
  }
  write("test_batch.bin", cifar_record(std::string(1, '\x09'), 't'));
  const Dataset set = cifar10().load(folder_);
  EXPECT_EQ(set.train.labels, (std::vector<std::uint8_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(set.train.pixels[3072], 'c');
  EXPECT_EQ(set.test.labels, (std::vector<std::uint8_t>{9}));
}

TEST_F(Cifar, OfAHundredClassesTakesTheFineLabel) {
  write("train.bin", cifar_record("\x07\x5f", 'a'));
  write("test.bin", cifar_record("\x07\x63", 'b'));
  const Dataset set = cifar100().load(folder_);
  EXPECT_EQ(set.train.labels[0], 0x5f);
  EXPECT_EQ(set.test.labels[0], 99);
  EXPECT_EQ(set.test.pixels[0], 'b');
}

TEST_F(Cifar, RefusesWhatIsWrongNamingTheFile) {
  const auto error = [&] { return error_of([&] { cifar100().load(folder_); }); };
  EXPECT_THAT(
      error(),
      HasSubstr("train.bin: error: no such file; --data DIR must name the folder of the cifar100 binary version"));
  write("train.bin", cifar_record("\x07\x5f", 'a') + "x");
  EXPECT_THAT(error(), HasSubstr("train.bin: error: has 3075 bytes; a cifar100 file is a multiple of 3074 bytes"));
  write("train.bin", cifar_record("\x07\x64", 'a'));
  EXPECT_THAT(error(), HasSubstr("image 0 has label 100; labels are 0 to 99"));
  fs::remove(folder_ / "train.bin");
  fs::create_directory(folder_ / "train.bin");
  EXPECT_THAT(error(), HasSubstr("train.bin: error: is a folder, not a file; --data DIR must name"));
}

TEST_F(Cifar, SaysThatAFileIsNotOfThePublishedSize) {
  write("train.bin", cifar_record("\x07\x5f", 'a') + cifar_record("\x07\x5f", 'b'));
  std::string published;
  for (int i = 0; i < 10'000; ++i) published += cifar_record("\x07\x5f", 'a');
  write("test.bin", published);
  testing::internal::CaptureStderr();
  EXPECT_EQ(cifar100().load(folder_).train.count(), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning: " + (folder_ / "train.bin").string() +
                ": has 2 images, the published file 50000; it was cut short, or is a set of your own\n");
}

/// Its checksum is what is published, so it goes before what was unpacked.
TEST_F(Cifar, ReadsTheArchiveIfItIsThePublishedOne) {
  write("train.bin", cifar_record("\x07\x5f", 'a'));
  write("test.bin", cifar_record("\x07\x63", 'b'));
  write("cifar-100-binary.tar.gz", "cut short");
  EXPECT_EQ(error_of([&] { cifar100().load(folder_); }),
            (folder_ / "cifar-100-binary.tar.gz").string() + ": error: its MD5 is " + md5_hex("cut short") +
                ", that of the published archive " + "03b5dce01913d631647c71ecec9e9cb8; download it again");
}

TEST_F(Cifar, MembersOfAnArchiveAreFoundByName) {
  fs::create_directories(folder_ / "inner");
  write("inner/train.bin", "one");
  write("inner/test.bin", std::string(3'000'000, 'z'));
  const std::string file = (folder_ / "a.tar.gz").string();
  ASSERT_EQ(testing_support::run_program({"tar", "-C", folder_.string(), "-czf", file, "inner"}).code, 0);
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const auto members = read_published_archive(file, md5_hex(bytes), {"train.bin", "test.bin"});
  EXPECT_EQ(members.at("train.bin"), "one");
  EXPECT_EQ(members.at("test.bin"), std::string(3'000'000, 'z'));
  EXPECT_THAT(error_of([&] { read_published_archive(file, md5_hex(bytes), {"valid.bin"}); }),
              HasSubstr("a.tar.gz: error: has no member valid.bin; download it again"));
  for (const std::string& damaged : {bytes.substr(0, bytes.size() / 2), std::string("no archive at all")}) {
    write("b.tar.gz", damaged);
    EXPECT_THAT(error_of([&] { read_published_archive(folder_ / "b.tar.gz", md5_hex(damaged), {"test.bin"}); }),
                HasSubstr("b.tar.gz: error: cannot be unpacked: "));
  }
}

/// One 4x4 image of three planes, mean 0 and deviation 1, so that values are byte/255.
Dataset tiny_dataset() {
  Dataset set{"tiny", 10, {0, 0, 0}, {1, 1, 1}, {}, {}};
  set.train.height = set.train.width = 4;
  set.train.pixels.resize(48);
  std::iota(set.train.pixels.begin(), set.train.pixels.end(), std::uint8_t{1});
  set.train.labels = {0};
  return set;
}

int byte_at(const std::vector<float>& image, std::int64_t y, std::int64_t x, std::int64_t c) {
  return static_cast<int>(std::lround(image[static_cast<std::size_t>((y * 32 + x) * 3 + c)] * 255));
}

TEST(FillImages, CentresSmallImagesOnZeros) {
  const Dataset set = tiny_dataset();
  std::vector<float> image(32 * 32 * 3);
  const std::int64_t index = 0;
  fill_images(set, set.train, {&index, 1}, false, 0, image.data());
  EXPECT_EQ(byte_at(image, 14, 14, 0), 1);
  EXPECT_EQ(byte_at(image, 15, 16, 0), 7);
  EXPECT_EQ(byte_at(image, 14, 14, 2), 33);
  EXPECT_EQ(byte_at(image, 13, 14, 0), 0);
  EXPECT_EQ(byte_at(image, 18, 14, 0), 0);
}

TEST(FillImages, RepeatsGreyInEveryChannelAndNormalises) {
  Dataset set = tiny_dataset();
  set.train.channels = 1;
  set.mean = {0.5f, 0.5f, 0.5f};
  set.deviation = {0.25f, 0.5f, 1};
  std::vector<float> image(32 * 32 * 3);
  const std::int64_t index = 0;
  fill_images(set, set.train, {&index, 1}, false, 0, image.data());
  const float* pixel = image.data() + (17 * 32 + 17) * 3;
  EXPECT_FLOAT_EQ(pixel[0], (16 / 255.0f - 0.5f) / 0.25f);
  EXPECT_FLOAT_EQ(pixel[1], (16 / 255.0f - 0.5f) / 0.5f);
  EXPECT_FLOAT_EQ(image[2], -0.5f) << "padding is black before it is normalised";
}

TEST(FillImages, ShiftsAndMirrorsEachImageOnItsOwn) {
  const Dataset set = tiny_dataset();
  const std::vector<std::int64_t> indices(400, 0);
  std::vector<float> images(400 * 32 * 32 * 3), again(images.size());
  fill_images(set, set.train, indices, true, 5, images.data());
  fill_images(set, set.train, indices, true, 5, again.data());
  EXPECT_EQ(images, again);
  std::vector<int> rows(32), mirrored(2);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const std::vector<float> image(images.begin() + static_cast<std::ptrdiff_t>(i * 3072),
                                   images.begin() + static_cast<std::ptrdiff_t>((i + 1) * 3072));
    for (std::int64_t y = 0; y < 32; ++y) {
      for (std::int64_t x = 0; x < 32; ++x) {
        if (byte_at(image, y, x, 0) != 1) continue;  // the picture's corner
        ++rows[static_cast<std::size_t>(y)];
        ++mirrored[byte_at(image, y, x + 1, 0) == 2 ? 0 : 1];
      }
    }
  }
  for (std::size_t y = 0; y < 32; ++y) EXPECT_EQ(rows[y] > 0, y >= 10 && y <= 18) << "row " << y;
  EXPECT_EQ(mirrored[0] + mirrored[1], 400);
  EXPECT_NEAR(mirrored[1], 200, 60);
}

TEST(EpochOrder, IsAFreshShuffleEachEpoch) {
  const auto first = epoch_order(1000, 1, 0);
  EXPECT_EQ(first, epoch_order(1000, 1, 0));
  EXPECT_NE(first, epoch_order(1000, 1, 1));
  EXPECT_NE(first, epoch_order(1000, 2, 0));
  auto sorted = first;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) ASSERT_EQ(sorted[i], static_cast<std::int64_t>(i));
}

}  // namespace
}  // namespace ldpsim::data
