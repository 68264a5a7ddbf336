// SPDX-License-Identifier: Apache-2.0
// What datasets of pictures are tested on, and what is told of it.
#include <ATen/ATen.h>

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "frontend/data/super_resolution.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::tasks {
namespace {

using testing_support::message_of;
using testing_support::noise;
using testing_support::plain;
using testing_support::ScratchFolder;
namespace fs = std::filesystem;

class PictureTasks : public testing::Test {
 protected:
  fs::path write(const std::string& name, const std::string& bytes) {
    fs::create_directories(fs::path(scratch_.path(name)).parent_path());
    return scratch_.write(name, bytes);
  }
  train::Settings settings_for(const std::string& network, const std::string& dataset, std::int64_t image_size) {
    train::Settings settings;
    settings.network = network;
    settings.dataset = dataset;
    settings.data_directory = scratch_.path("");
    settings.image_size = image_size;
    return settings;
  }
  ScratchFolder scratch_;
};

std::map<std::string, double> by_name(const std::vector<Metric>& metrics) {
  std::map<std::string, double> values;
  for (const Metric& metric : metrics) values[metric.name] = metric.value;
  return values;
}

/// Every pixel four times in each direction.
at::Tensor enlarged(const at::Tensor& low) { return low.repeat_interleave(4, 2).repeat_interleave(4, 3); }

TEST_F(PictureTasks, SuperResolutionLeavesOutDamagedTestPictures) {
  write("train/a.png", data::encode_png(noise(64, 64, 1)));
  const std::string sound = data::encode_png(noise(48, 52, 2));
  write("test/1.png", sound.substr(0, sound.size() / 2));
  const data::PictureFile second{write("test/2.png", sound), {}};
  const data::PictureFile third{write("test/3.png", data::encode_png(testing_support::slope(40, 44))), {}};
  write("test/4.png", data::encode_png(noise(10, 30, 3)));  // all border
  train::Settings settings = settings_for("pan-x4", "picture-folder", 8);
  EXPECT_THAT(message_of([&] { make_task(settings)->test(enlarged, 0); }), testing::HasSubstr("1.png: error: "));
  settings.skip_damaged = true;
  const std::unique_ptr<Task> task = make_task(settings);
  const auto bicubic_psnr = [](const data::PictureFile& file) {
    const data::PicturePair pair = data::read_pair(file, 4);
    return data::luma_psnr(data::bicubic(pair.low, 4), pair.high, 4);
  };
  for (int i = 0; i < 2; ++i) {
    std::map<std::string, double> found = by_name(task->test(enlarged, 2));
    EXPECT_DOUBLE_EQ(found.at("psnr_y_bicubic"), bicubic_psnr(second));
    EXPECT_EQ(found.at("damaged_images"), 1);
    found = by_name(task->test(enlarged, 0));
    EXPECT_DOUBLE_EQ(found.at("psnr_y_bicubic"), (bicubic_psnr(second) + bicubic_psnr(third)) / 2);
    EXPECT_EQ(found.at("damaged_images"), 2);
    EXPECT_GT(found.at("psnr_y"), 5);
  }
  EXPECT_THAT(message_of([&] { task->test(enlarged, 1); }), testing::HasSubstr("not one of the pictures to test on"));
}

TEST_F(PictureTasks, PicturesWithoutErrorHaveAFinitePsnr) {
  write("train/a.png", data::encode_png(noise(64, 64, 1)));
  write("test/b.png", data::encode_png(plain(40, 40, 9, 99, 199)));
  const train::Settings settings = settings_for("pan-x4", "picture-folder", 8);
  const std::map<std::string, double> found = by_name(make_task(settings)->test(enlarged, 0));
  EXPECT_TRUE(std::isfinite(found.at("psnr_y")));
  EXPECT_GT(found.at("psnr_y"), 70);
  EXPECT_FALSE(found.contains("damaged_images"));
}

TEST_F(PictureTasks, FoldersAreTestedInPartOnEveryClass) {
  const std::string bytes = data::encode_png(noise(32, 32, 1));
  for (const char* const label : {"a", "b"}) {
    for (const char* const name : {"train/", "val/"}) {
      for (int i = 0; i < 3; ++i) write(std::string(name) + label + "/" + std::to_string(i) + ".png", bytes);
    }
  }
  const train::Settings settings = settings_for("resnet18", "image-folder", 32);
  std::int64_t seen = 0;
  const auto first_class = [&](const at::Tensor& images) {
    seen += images.size(0);
    const at::Tensor logits = at::zeros({images.size(0), 2});
    logits.select(1, 0).fill_(1);
    return logits;
  };
  EXPECT_EQ(by_name(make_task(settings)->test(first_class, 2)).at("accuracy"), 0.5);
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace ldpsim::tasks
