// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

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

std::unique_ptr<Task> make_task(const train::Settings& settings) {
  const data::DatasetEntry& dataset = train::dataset_entry(settings.dataset);
  if (dataset.holds<data::SuperResolutionSet>()) return super_resolution_task(settings);
  if (dataset.holds<data::TextCorpus>()) return language_modelling_task(settings);
  return small_images_task(settings);
}

}  // namespace ldpsim::tasks
