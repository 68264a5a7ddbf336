// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ldpsim::data {

/// Images as the files have them, bytes in the order N, C, H, W.
struct ImageSet {
  std::int64_t channels = 3, height = 32, width = 32;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;
  std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t image_bytes() const { return channels * height * width; }
};

/// What networks are fed with: images of 3 x 32 x 32. Smaller ones are padded with zeros on all sides, grey ones
/// repeated.
inline constexpr std::int64_t kInputChannels = 3, kInputSize = 32;

/// A labelled set of images, split for training and testing.
struct Dataset {
  std::string name;
  int classes = 10;
  std::array<float, kInputChannels> mean{}, deviation{};  ///< of the channels, pixels scaled to 0..1
  ImageSet train, test;
};

/// A dataset as the command line knows it.
struct DatasetEntry {
  std::string name, summary;
  std::filesystem::path default_directory;  ///< empty: --data is needed
  /// Reads the set out of `directory`. Throws UserError or DamagedFile naming the file and what was expected.
  std::function<Dataset(const std::filesystem::path& directory)> load;
};

/// All datasets. Adding one: its file and its line in builtin.cpp.
const std::vector<DatasetEntry>& builtin_datasets();

DatasetEntry fashion_mnist();
DatasetEntry cifar10();
DatasetEntry cifar100();

/// Throws DamagedFile naming `file` if a label is not below `classes`.
void check_labels(const std::string& file, const std::vector<std::uint8_t>& labels, int classes);

}  // namespace ldpsim::data
