// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/super_resolution.hpp"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "frontend/data/patch_stream.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"

namespace ldpsim::tasks {
namespace {

constexpr int kScale = 4;
constexpr std::int64_t kPatchesPerPicture = 100;  // of an epoch, which methods count; all are drawn anew

/// Values in the order N, H, W, C as [N, 3, H, W] channels last.
at::Tensor tensor_of(const std::vector<float>& values, std::int64_t count, std::int64_t size) {
  const at::Tensor tensor = at::empty({count, size, size, 3});
  std::copy(values.begin(), values.end(), tensor.data_ptr<float>());
  return tensor.permute({0, 3, 1, 2});
}

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
  SuperResolution(data::SuperResolutionSet train, data::SuperResolutionSet test, const data::PatchSettings& patches,
                  const train::Settings& settings)
      : settings_(settings), set_(std::move(train)), test_(std::move(test)), patches_(patches) {
    if (set_.train.empty()) throw UserError("--dataset", fmt::format("'{}' has no pictures to train on", set_.name));
    if (test_.test.empty())
      throw UserError("--dataset", fmt::format("'{}' has no pictures to test on", test_.name),
                      "name a set that has with --test-dataset and --test-data");
  }

  models::Extent extent() const override { return {0, patches_.low_size}; }
  std::int64_t batches_per_epoch() const override {
    const auto patches = static_cast<std::int64_t>(set_.train.size()) * kPatchesPerPicture;
    return (patches + settings_.batch - 1) / settings_.batch;
  }

  Batch train_batch(std::int64_t iteration) override {
    if (!stream_) stream_.emplace(set_, patches_, stream_settings(settings_, iteration, true));
    const data::PatchBatch batch = stream_->next();
    return {tensor_of(batch.low, batch.count, batch.low_size), tensor_of(batch.high, batch.count, batch.high_size),
            data::share_of(settings_.batch, settings_.meeting.rank, settings_.meeting.size).first, settings_.batch};
  }

  std::vector<Metric> test(const Infer& infer, std::int64_t limit) override {
    const std::size_t count =
        limit == 0 ? test_.test.size() : std::min(static_cast<std::size_t>(limit), test_.test.size());
    double psnr = 0, floor = 0, seen = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::optional<data::PicturePair> pair = test_pair(i);
      if (!pair) continue;
      const at::Tensor low = tensor_of(pair->low).contiguous(at::MemoryFormat::ChannelsLast);
      psnr += data::luma_psnr(picture_of(infer(low)), pair->high, kScale);
      floor += bicubic_psnr(i, *pair);
      ++seen;
    }
    if (seen == 0) throw UserError("--data", "not one of the pictures to test on can be decoded");
    std::vector<Metric> metrics = {{"psnr_y", psnr / seen}, {"psnr_y_bicubic", floor / seen}};
    const double left_out = static_cast<double>(count) - seen;
    if (left_out > 0) metrics.push_back({"damaged_images", left_out});
    return metrics;
  }

  TraceMeta describe() const override {
    TraceMeta meta = description_without_data(settings_);
    meta.insert({{"dataset_sha256", sha256_hex(set_.fingerprint() + test_.fingerprint())},
                 {"train_images", std::to_string(set_.train.size())},
                 {"test_images", std::to_string(test_.test.size())},
                 {"scale", std::to_string(kScale)}});
    return meta;
  }

 private:
  /// Nothing for a damaged picture that is to be left out.
  std::optional<data::PicturePair> test_pair(std::size_t index) const {
    try {
      return data::read_test_pair(test_.test[index], kScale, kScale, test_.halve_from);
    } catch (const DamagedFile& error) {
      const data::StreamSettings stream = stream_settings(settings_, 0, false);
      if (!stream.skip_damaged) throw;
      stream.damaged(error.what());
      return std::nullopt;
    }
  }

  double bicubic_psnr(std::size_t index, const data::PicturePair& pair) {
    const auto found = bicubic_psnr_.find(index);
    if (found != bicubic_psnr_.end()) return found->second;
    return bicubic_psnr_[index] = data::luma_psnr(data::bicubic(pair.low, kScale), pair.high, kScale);
  }

  const train::Settings& settings_;
  data::SuperResolutionSet set_, test_;
  data::PatchSettings patches_;
  std::optional<data::PatchStream> stream_;
  std::map<std::size_t, double> bicubic_psnr_;  ///< of test pictures; it is the same in every test
};

}  // namespace

std::unique_ptr<Task> super_resolution_task(const train::Settings& settings) {
  const auto load = [](const std::string& name, const std::filesystem::path& directory) {
    return train::dataset_entry(name).load<data::SuperResolutionSet>(directory);
  };
  data::SuperResolutionSet train = load(settings.dataset, settings.data_directory);
  data::SuperResolutionSet test =
      settings.test_dataset.empty() ? train : load(settings.test_dataset, settings.test_directory);
  data::PatchSettings patches;
  patches.scale = kScale;
  patches.low_size = sample_size(settings);
  return std::make_unique<SuperResolution>(std::move(train), std::move(test), patches, settings);
}

}  // namespace ldpsim::tasks
