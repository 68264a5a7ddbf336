// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/image_folder.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "frontend/data/image_stream.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"

namespace ldpsim::tasks {
namespace {

/// Labelled picture files of any size, decoded ahead of use.
class ImageFolderTask final : public Task {
 public:
  ImageFolderTask(data::ImageFolder folder, const data::ImageRecipe& recipe, const train::Settings& settings)
      : settings_(settings), folder_(std::move(folder)), recipe_(recipe) {
    if (folder_.train.empty()) throw UserError("--data", "no pictures to train on", "see --list datasets");
  }

  models::Extent extent() const override { return {classes(), recipe_.size}; }
  std::int64_t batches_per_epoch() const override {
    return (static_cast<std::int64_t>(folder_.train.size()) + settings_.batch - 1) / settings_.batch;
  }

  std::int64_t train_samples() const override { return static_cast<std::int64_t>(folder_.train.size()); }

  Batch train_batch(std::int64_t iteration) override {
    if (!stream_) stream_.emplace(folder_.train, classes(), recipe_, stream_settings(settings_, iteration, true));
    Batch batch = batch_of(stream_->next());
    const auto files = static_cast<std::int64_t>(folder_.train.size());
    batch.whole = std::min(settings_.batch, files - iteration % batches_per_epoch() * settings_.batch);
    batch.first = data::share_of(batch.whole, settings_.meeting.rank, settings_.meeting.size).first;
    return batch;
  }

  /// The files are sorted by class: of `limit`, every class gets its part. On the training pictures where a folder has
  /// no others; the trace says so under `tested_on`.
  std::vector<Metric> test(const Infer& infer, std::int64_t limit) override {
    const std::vector<data::LabelledFile> files =
        data::spread_choice(folder_.test.empty() ? folder_.train : folder_.test, limit);
    const auto count = static_cast<std::int64_t>(files.size());
    data::ImageStream stream(files, classes(), data::evaluation_recipe(recipe_), stream_settings(settings_, 0, false));
    double loss = 0, right = 0, seen = 0;
    for (std::int64_t i = 0; i < stream.batches_per_epoch(); ++i) {
      const Batch batch = batch_of(stream.next());
      if (batch.target.size(0) == 0) continue;
      const at::Tensor logits = infer(batch.input);
      loss += at::cross_entropy_loss(logits, batch.target, {}, at::Reduction::Sum).item<double>();
      right += logits.argmax(1).eq(batch.target).sum().item<double>();
      seen += static_cast<double>(batch.target.size(0));
    }
    if (seen == 0) throw UserError("--data", "not one of the pictures to test on can be decoded");
    std::vector<Metric> metrics = {{"loss", loss / seen}, {"accuracy", right / seen}};
    if (seen < static_cast<double>(count)) metrics.push_back({"damaged_images", static_cast<double>(count) - seen});
    return metrics;
  }

  TraceMeta describe() const override {
    TraceMeta meta = description_without_data(settings_);
    meta.insert({{"dataset_sha256", sha256_hex(folder_.fingerprint())},
                 {"train_images", std::to_string(folder_.train.size())},
                 {"test_images", std::to_string(folder_.test.size())},
                 {"tested_on", folder_.test.empty() ? "training pictures" : "test pictures"},
                 {"classes", std::to_string(classes())},
                 {"image_channels", "3"}});
    return meta;
  }

 private:
  std::int64_t classes() const { return static_cast<std::int64_t>(folder_.classes.size()); }

  Batch batch_of(const data::ImageBatch& batch) const {
    const at::Tensor images = at::empty({batch.count, batch.size, batch.size, 3});
    std::copy(batch.pixels.begin(), batch.pixels.end(), images.data_ptr<float>());
    const bool soft = !batch.targets.empty();
    const at::Tensor target = soft ? at::empty({batch.count, classes()}) : at::empty({batch.count}, at::kLong);
    if (soft) {
      std::copy(batch.targets.begin(), batch.targets.end(), target.data_ptr<float>());
    } else {
      std::copy(batch.labels.begin(), batch.labels.end(), target.data_ptr<std::int64_t>());
    }
    return {images.permute({0, 3, 1, 2}), target};
  }

  const train::Settings& settings_;
  data::ImageFolder folder_;
  data::ImageRecipe recipe_;
  std::optional<data::ImageStream> stream_;
};

}  // namespace

std::unique_ptr<Task> image_folder_task(const train::Settings& settings) {
  const models::ModelEntry& network = train::model_entry(settings.network);
  const std::int64_t size = sample_size(settings);
  data::ImageRecipe recipe = network.deit_augmentation ? data::deit_recipe(size) : data::standard_recipe(size);
  recipe.label_smoothing = 0;  // the loss does that
  if (!settings.augment) {
    recipe = data::evaluation_recipe(recipe);
    recipe.shuffle = true;
  }
  return std::make_unique<ImageFolderTask>(
      train::dataset_entry(settings.dataset).load<data::ImageFolder>(settings.data_directory), recipe, settings);
}

}  // namespace ldpsim::tasks
