// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "frontend/data/image_folder.hpp"
#include "frontend/data/packages.hpp"
#include "frontend/data/super_resolution.hpp"
#include "frontend/data/text.hpp"

namespace ldpsim::data {

/// Images as the files have them, bytes in the order N, C, H, W.
struct ImageSet {
  std::int64_t channels = 3, height = 32, width = 32;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;
  std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t image_bytes() const { return channels * height * width; }
};

/// What networks for small images are fed with: 3 x 32 x 32. Smaller ones are padded with zeros on all sides, grey ones
/// repeated.
inline constexpr std::int64_t kInputChannels = 3, kInputSize = 32;

/// A labelled set of small images, split for training and testing.
struct Dataset {
  std::string name;
  int classes = 10;
  std::array<float, kInputChannels> mean{}, deviation{};  ///< of the channels, pixels scaled to 0..1
  ImageSet train, test;
};

/// What a network is trained for.
enum class TaskKind { kClassification, kSuperResolution, kLanguageModelling };
const char* task_name(TaskKind kind);  ///< "classification", "super-resolution", "language modelling"

/// Reads a set out of `directory`. Throws UserError or DamagedFile naming the file and what was expected.
template <class Set>
using Loader = std::function<Set(const std::filesystem::path& directory)>;

/// A dataset as the command line knows it. Small images are read whole; of the other pictures only the names.
struct DatasetEntry {
  std::string name, summary;
  std::filesystem::path default_directory;  ///< empty: --data is needed
  std::variant<Loader<Dataset>, Loader<ImageFolder>, Loader<SuperResolutionSet>, Loader<TextCorpus>> loader;
  /// Who publishes it, and how to get it: for sets that no package has.
  std::string publisher = {}, remedy = {};
  std::vector<PackagedFile> packaged = {};  ///< for the others, files of the packages that it is made of

  TaskKind task() const;
  /// Its own kind of set only: throws UserError naming the task that it is for otherwise.
  template <class Set = Dataset>
  Set load(const std::filesystem::path& directory) const {
    const auto* chosen = std::get_if<Loader<Set>>(&loader);
    if (chosen == nullptr) refuse_kind();
    return (*chosen)(directory);
  }
  template <class Set>
  bool holds() const {
    return std::holds_alternative<Loader<Set>>(loader);
  }

  [[noreturn]] void refuse_kind() const;
};

/// All datasets. Adding one: its file and its line in builtin.cpp.
const std::vector<DatasetEntry>& builtin_datasets();

// 32 x 32, whole in memory
DatasetEntry fashion_mnist();
DatasetEntry cifar10();
DatasetEntry cifar100();
DatasetEntry photo_patches();
// Pictures of any size, a folder a class
DatasetEntry imagenet();
DatasetEntry image_folder();
// Super-resolution
std::vector<DatasetEntry> super_resolution_datasets();
DatasetEntry photos();
// Text
DatasetEntry anarchism();
DatasetEntry brown();
std::vector<DatasetEntry> text_datasets();

/// Throws DamagedFile naming `file` if a label is not below `classes`.
void check_labels(const std::string& file, const std::vector<std::uint8_t>& labels, int classes);

}  // namespace ldpsim::data
