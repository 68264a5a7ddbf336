// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "frontend/data/dataset.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

std::vector<DatasetEntry> all_datasets() {
  std::vector<DatasetEntry> entries = {fashion_mnist(), cifar10(),      cifar100(), photo_patches(),
                                       imagenet(),      image_folder(), photos()};
  const auto add = [&](const std::vector<DatasetEntry>& more) {
    entries.insert(entries.end(), more.begin(), more.end());
  };
  add(super_resolution_datasets());
  add({anarchism(), brown()});
  add(text_datasets());
  return entries;
}

}  // namespace

const std::vector<DatasetEntry>& builtin_datasets() {
  static const std::vector<DatasetEntry> entries = all_datasets();
  return entries;
}

const char* task_name(TaskKind kind) {
  constexpr const char* kNames[] = {"classification", "super-resolution", "language modelling"};
  return kNames[static_cast<std::size_t>(kind)];
}

TaskKind DatasetEntry::task() const {
  if (holds<SuperResolutionSet>()) return TaskKind::kSuperResolution;
  return holds<TextCorpus>() ? TaskKind::kLanguageModelling : TaskKind::kClassification;
}

void DatasetEntry::refuse_kind() const {
  throw UserError(
      "--dataset",
      fmt::format("'{}' is for {}{}", name, task_name(task()), holds<ImageFolder>() ? " of pictures of any size" : ""),
      "--list datasets says what each is for");
}

void check_labels(const std::string& file, const std::vector<std::uint8_t>& labels, int classes) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes) {
      throw DamagedFile(file, fmt::format("image {} has label {}", i, labels[i]),
                        fmt::format("labels are 0 to {}", classes - 1));
    }
  }
}

}  // namespace ldpsim::data
