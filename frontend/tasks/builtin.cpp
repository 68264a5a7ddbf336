// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "frontend/data/batches.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"

namespace ldpsim::tasks {

Headline headline_of(data::TaskKind kind) {
  switch (kind) {
    case data::TaskKind::kClassification:
      return {"accuracy", "%", 100, false};
    case data::TaskKind::kSuperResolution:
      return {"psnr_y", "dB", 1, false};
    case data::TaskKind::kLanguageModelling:
      return {"perplexity", "", 1, true};
  }
  return {"", "", 1, false};
}

std::string headline_text(data::TaskKind kind, double value) {
  const Headline headline = headline_of(kind);
  return fmt::format("{:.2f}{}{}", headline.factor * value, *headline.unit != '\0' ? " " : "", headline.unit);
}

std::span<const std::int64_t> SampleOrder::batch(std::int64_t iteration) {
  const std::int64_t epoch = iteration / batches_per_epoch(), first = iteration % batches_per_epoch() * batch_;
  if (epoch != epoch_) {
    order_ = data::epoch_order(count_, seed_, epoch);
    epoch_ = epoch;
  }
  return std::span(order_).subspan(static_cast<std::size_t>(first),
                                   static_cast<std::size_t>(std::min(batch_, count_ - first)));
}

Batch part_of_batch(std::span<const std::int64_t> samples, const train::Settings& settings,
                    const std::function<Batch(std::span<const std::int64_t> part, std::int64_t first)>& make) {
  const auto count = static_cast<std::int64_t>(samples.size());
  const data::Share share = data::share_of(count, settings.meeting.rank, settings.meeting.size);
  Batch batch =
      make(samples.subspan(static_cast<std::size_t>(share.first), static_cast<std::size_t>(share.count)), share.first);
  batch.first = share.first;
  batch.whole = count;
  return batch;
}

data::StreamSettings stream_settings(const train::Settings& settings, std::int64_t first, bool training) {
  data::StreamSettings stream;
  stream.batch = settings.batch;
  stream.first_batch = first;
  stream.seed = settings.seed;
  if (training) {
    stream.rank = settings.meeting.rank;
    stream.world_size = settings.meeting.size;
  }
  stream.workers = settings.threads;
  stream.skip_damaged = settings.skip_damaged;
  stream.damaged = [](const std::string& message) {
    static std::set<std::string> told;  // every test reads its pictures anew
    if (told.insert(message).second) fmt::print(stderr, "warning: {}; left out\n", message);
  };
  return stream;
}

std::int64_t sample_size(const train::Settings& settings) {
  const data::DatasetEntry& dataset = train::dataset_entry(settings.dataset);
  if (dataset.holds<data::Dataset>()) return data::kInputSize;
  const std::int64_t wanted = dataset.holds<data::TextCorpus>() ? settings.tokens : settings.image_size;
  return wanted > 0 ? wanted : train::model_entry(settings.network).published.size;
}

TraceMeta description_without_data(const train::Settings& settings) {
  const data::DatasetEntry& dataset = train::dataset_entry(settings.dataset);
  const std::string size = std::to_string(sample_size(settings));
  if (dataset.holds<data::TextCorpus>())
    return {{"tokens", size}, {"test_text", settings.test_directory.filename().string()}};
  if (dataset.holds<data::SuperResolutionSet>())
    return {{"low_resolution", size},
            {"test_dataset", settings.test_dataset.empty() ? settings.dataset : settings.test_dataset}};
  return {{"image_height", size}, {"image_width", size}, {"augment", settings.augment ? "on" : "off"}};
}

std::unique_ptr<Task> make_task(const train::Settings& settings) {
  const data::DatasetEntry& dataset = train::dataset_entry(settings.dataset);
  if (dataset.holds<data::SuperResolutionSet>()) return super_resolution_task(settings);
  if (dataset.holds<data::ImageFolder>()) return image_folder_task(settings);
  if (dataset.holds<data::TextCorpus>()) return language_modelling_task(settings);
  return small_images_task(settings);
}

}  // namespace ldpsim::tasks
