// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include "frontend/data/batches.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/hash.hpp"

namespace ldpsim::tasks {
namespace {

std::string digest(const data::ImageSet& set) {
  const auto view = [](const std::vector<std::uint8_t>& bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  return sha256_hex(view(set.pixels)) + sha256_hex(view(set.labels));
}

/// Labelled images of 32x32 that fit into memory.
class SmallImages final : public Task {
 public:
  SmallImages(data::Dataset dataset, const train::Settings& settings)
      : settings_(settings),
        dataset_(std::move(dataset)),
        order_(dataset_.train.count(), settings.batch, settings.seed) {}

  models::Extent extent() const override { return {dataset_.classes, data::kInputSize}; }
  std::int64_t batches_per_epoch() const override { return order_.batches_per_epoch(); }
  std::int64_t train_samples() const override { return order_.count(); }

  Batch train_batch(std::int64_t iteration) override {
    return part_of_batch(
        order_.batch(iteration), settings_, [&](std::span<const std::int64_t> part, std::int64_t first) {
          return batch_of(
              dataset_.train, part, settings_.augment,
              data::derive_seed(settings_.seed, data::Stream::kAugmentation, static_cast<std::uint64_t>(iteration)),
              first);
        });
  }

  std::vector<Metric> test(const Infer& infer, std::int64_t limit) override {
    const std::int64_t batch = settings_.batch;
    const data::ImageSet& set = dataset_.test;
    const std::int64_t images = limit == 0 ? set.count() : std::min(limit, set.count());
    double loss = 0, right = 0;
    std::vector<std::int64_t> samples;
    for (std::int64_t first = 0; first < images; first += batch) {
      samples.clear();
      for (std::int64_t i = first; i < std::min(first + batch, images); ++i) samples.push_back(i);
      const Batch part = batch_of(set, samples, false, 0, 0);
      const at::Tensor logits = infer(part.input);
      loss += at::cross_entropy_loss(logits, part.target, {}, at::Reduction::Sum).item<double>();
      right += logits.argmax(1).eq(part.target).sum().item<double>();
    }
    const auto count = static_cast<double>(images);
    return {{"loss", loss / count}, {"accuracy", right / count}};
  }

  TraceMeta describe() const override {
    TraceMeta meta = description_without_data(settings_);
    meta.insert({{"dataset_sha256", sha256_hex(digest(dataset_.train) + digest(dataset_.test))},
                 {"train_images", std::to_string(dataset_.train.count())},
                 {"test_images", std::to_string(dataset_.test.count())},
                 {"classes", std::to_string(dataset_.classes)},
                 {"image_channels", std::to_string(data::kInputChannels)}});
    return meta;
  }

 private:
  Batch batch_of(const data::ImageSet& set, std::span<const std::int64_t> samples, bool augment, std::uint64_t seed,
                 std::int64_t first) const {
    const auto count = static_cast<std::int64_t>(samples.size());
    const at::Tensor images = at::empty({count, data::kInputSize, data::kInputSize, data::kInputChannels});
    data::fill_images(dataset_, set, samples, augment, seed, images.data_ptr<float>(), first);
    const at::Tensor labels = at::empty({count}, at::kLong);
    for (std::int64_t i = 0; i < count; ++i) {
      labels.data_ptr<std::int64_t>()[i] = set.labels[static_cast<std::size_t>(samples[static_cast<std::size_t>(i)])];
    }
    return {images.permute({0, 3, 1, 2}), labels};
  }

  const train::Settings& settings_;
  data::Dataset dataset_;
  SampleOrder order_;
};

}  // namespace

std::unique_ptr<Task> small_images_task(const train::Settings& settings) {
  return std::make_unique<SmallImages>(train::dataset_entry(settings.dataset).load(settings.data_directory), settings);
}

}  // namespace ldpsim::tasks
