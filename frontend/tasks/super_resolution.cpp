// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/super_resolution.hpp"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <list>

#include "frontend/data/batches.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::tasks {
namespace {

constexpr int kScale = 4;
constexpr std::int64_t kPatchesPerPicture = 100;  // of an epoch; where they lie is drawn anew each time
constexpr std::int64_t kMaxPixelsInMemory = 400'000'000;

/// Pixels 0..255 as 0..1, [1, 3, H, W] channels last.
at::Tensor tensor_of(const data::Picture& picture) {
  return at::from_blob(const_cast<std::uint8_t*>(picture.rgb.data()), {1, picture.height, picture.width, 3}, at::kByte)
      .to(at::kFloat)
      .div_(255)
      .permute({0, 3, 1, 2});
}

data::Picture picture_of(const at::Tensor& image) {
  const at::Tensor bytes = image[0].permute({1, 2, 0}).clamp(0, 1).mul(255).round().to(at::kByte).contiguous();
  data::Picture picture(bytes.size(0), bytes.size(1));
  std::copy_n(bytes.data_ptr<std::uint8_t>(), picture.rgb.size(), picture.rgb.data());
  return picture;
}

/// Patches of photos, fourfold enlarged; tested on whole pictures by luma, as published.
class SuperResolution final : public Task {
 public:
  SuperResolution(data::SuperResolutionSet train, data::SuperResolutionSet test, std::int64_t low_size, bool augment)
      : set_(std::move(train)), test_(std::move(test)), low_size_(low_size), augment_(augment) {
    if (set_.train.empty()) throw UserError("--dataset", fmt::format("'{}' has no pictures to train on", set_.name));
    if (test_.test.empty())
      throw UserError("--dataset", fmt::format("'{}' has no pictures to test on", test_.name),
                      "name a set that has with --test-dataset and --test-data");
    std::int64_t pixels = 0;
    for (const data::PictureFile& file : set_.train) {
      train_.push_back(data::read_pair(file, kScale, set_.halve_from));
      const data::Picture& low = train_.back().low;
      if (low.height < low_size_ || low.width < low_size_) {
        train_.pop_back();
        continue;
      }
      pixels += train_.back().high.height * train_.back().high.width;
      if (pixels > kMaxPixelsInMemory)
        throw UserError("--data",
                        fmt::format("more than {} million pixels to train on", kMaxPixelsInMemory / 1'000'000),
                        "give a folder with fewer pictures");
    }
    if (train_.empty())
      throw UserError("--image-size",
                      fmt::format("no picture of '{}' is as large as {}", set_.name, kScale * low_size_));
  }

  models::Extent extent() const override { return {0, low_size_}; }
  std::int64_t train_count() const override { return kPatchesPerPicture * static_cast<std::int64_t>(train_.size()); }

  Batch train_batch(std::span<const std::int64_t> samples, std::uint64_t seed) override {
    std::vector<at::Tensor> low, high;
    std::list<data::PicturePair> patches;  // the tensors are copies, made at the end
    Random draw(seed);
    for (const std::int64_t sample : samples) {
      const auto picture = static_cast<std::size_t>(sample / kPatchesPerPicture);
      patches.push_back(data::random_patch(train_[picture], kScale, low_size_, augment_ ? draw.next() : seed));
      low.push_back(tensor_of(patches.back().low));
      high.push_back(tensor_of(patches.back().high));
    }
    const auto joined = [](const std::vector<at::Tensor>& parts) {
      return at::cat(parts).contiguous(at::MemoryFormat::ChannelsLast);
    };
    return {joined(low), joined(high)};
  }

  std::vector<Metric> test(const Infer& infer, std::int64_t, std::int64_t limit) override {
    const std::size_t count =
        limit == 0 ? test_.test.size() : std::min(static_cast<std::size_t>(limit), test_.test.size());
    double psnr = 0, floor = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const data::PicturePair pair = data::read_pair(test_.test[i], kScale, test_.halve_from);
      const at::Tensor low = tensor_of(pair.low).contiguous(at::MemoryFormat::ChannelsLast);
      psnr += data::luma_psnr(picture_of(infer(low)), pair.high, kScale);
      floor += data::luma_psnr(data::bicubic(pair.low, kScale), pair.high, kScale);
    }
    const auto pictures = static_cast<double>(count);
    return {{"psnr_y", psnr / pictures}, {"psnr_y_bicubic", floor / pictures}};
  }

  TraceMeta describe() const override {
    return {
        {"dataset_sha256", sha256_hex(set_.fingerprint() + test_.fingerprint())},
        {"train_images", std::to_string(train_.size())},
        {"test_dataset", test_.name},
        {"test_images", std::to_string(test_.test.size())},
        {"low_resolution", std::to_string(low_size_)},
        {"scale", std::to_string(kScale)},
        {"augment", augment_ ? "on" : "off"},
    };
  }

 private:
  data::SuperResolutionSet set_, test_;
  std::vector<data::PicturePair> train_;
  std::int64_t low_size_;
  bool augment_;
};

}  // namespace

std::unique_ptr<Task> super_resolution_task(const train::Settings& settings) {
  const auto load = [](const std::string& name, const std::filesystem::path& directory) {
    return train::dataset_entry(name).load<data::SuperResolutionSet>(directory);
  };
  data::SuperResolutionSet train = load(settings.dataset, settings.data_directory);
  data::SuperResolutionSet test =
      settings.test_dataset.empty() ? train : load(settings.test_dataset, settings.test_directory);
  const std::int64_t size =
      settings.image_size > 0 ? settings.image_size : train::model_entry(settings.network).published.size;
  return std::make_unique<SuperResolution>(std::move(train), std::move(test), size, settings.augment);
}

}  // namespace ldpsim::tasks
