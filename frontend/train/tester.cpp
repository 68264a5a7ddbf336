// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdlib>

#include "frontend/tasks/task.hpp"
#include "frontend/train/checkpoint.hpp"
#include "frontend/train/stepper.hpp"
#include "frontend/train/trainer.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

/// Of what describes a run, that which changes neither its network nor what was learned: it may differ in a test.
constexpr const char* kOfTestsAlone[] = {
    "capture",     "convolution",        "dataset_sha256", "evaluate_every", "evaluate_images",      "test_dataset",
    "test_images", "test_samples",       "test_text",      "test_tokens",    "test_unknown_percent", "tested_on",
    "threads",     "unigram_perplexity", "world_size"};

/// What a trained network is tested on, as the task describes its data.
std::string tested_on(const Settings& settings, const TraceMeta& data) {
  const auto value = [&](const char* key) {
    const auto found = data.find(key);
    return found == data.end() ? std::string() : found->second;
  };
  const auto some_of = [&](const std::string& all) {
    const std::int64_t limit = settings.evaluate_images;
    return limit > 0 && limit < std::atoll(all.c_str()) ? fmt::format("{} of ", limit) : std::string();
  };
  const std::string name = settings.test_dataset.empty() ? settings.dataset : settings.test_dataset;
  if (!value("test_tokens").empty()) {
    const bool other = !settings.test_directory.empty();
    const std::string samples = value("test_samples"), part = some_of(samples);
    return fmt::format("{}, {} tokens{}", other ? settings.test_directory.string() : name, value("test_tokens"),
                       part.empty() ? "" : fmt::format(" ({}{} samples)", part, samples));
  }
  const std::string images = value(value("tested_on") == "training pictures" ? "train_images" : "test_images");
  return fmt::format("{}, {}{} images", name, some_of(images), images);
}

}  // namespace

void test(const Settings& settings, const cli::Arguments& arguments) {
  const std::unique_ptr<tasks::Task> task = tasks::make_task(settings);
  const TraceMeta data = task->describe();
  RunIdentity run = identify(settings, arguments, data);
  for (const char* key : kOfTestsAlone) run.meta.erase(key);
  Stepper stepper(settings, arguments, task->extent(), task->batches_per_epoch());
  const auto checkpoint = load_checkpoint(settings.checkpoint, run, stepper);
  if (!checkpoint) {
    throw DamagedFile(settings.checkpoint, "no such file, so there is nothing to test",
                      "train first, with the same arguments but --test-only");
  }
  const auto infer = [&](const at::Tensor& input) { return stepper.infer(input, checkpoint->next_iteration - 1); };
  const std::vector<tasks::Metric> metrics = task->test(infer, settings.evaluate_images);
  const data::TaskKind kind = model_entry(settings.network).task;
  fmt::print("{:<25} {}\n", "checkpoint", settings.checkpoint);
  fmt::print("{:<25} {}\n", "iterations", checkpoint->next_iteration);
  fmt::print("{:<25} {}\n", "tested on", tested_on(settings, data));
  for (const tasks::Metric& metric : metrics) {
    const bool headline = metric.name == tasks::headline_of(kind).metric;
    fmt::print("{:<25} {}\n", fmt::format("test {}", metric.name),
               headline ? tasks::headline_text(kind, metric.value) : fmt::format("{:.4f}", metric.value));
  }
  if (const auto unigram = data.find("unigram_perplexity"); unigram != data.end())
    fmt::print("{:<25} {}\n", "unigram perplexity", unigram->second);
  if (const auto unknown = data.find("test_unknown_percent"); unknown != data.end())
    fmt::print("{:<25} {} %\n", "unknown words", unknown->second);
}

}  // namespace ldpsim::train
