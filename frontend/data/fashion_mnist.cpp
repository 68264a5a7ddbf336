// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/idx.hpp"

namespace ldpsim::data {
namespace {

const char* const kPackagedFolder = "usr/share/datasets/fashion-mnist";

/// SHA-256 of the unzipped files of Xiao, Rasul, Vollgraf, "Fashion-MNIST" (2017).
const char* const kTrainImages = "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888";
const char* const kTrainLabels = "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9";
const char* const kTestImages = "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b";
const char* const kTestLabels = "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34";

Dataset load_fashion_mnist(const std::filesystem::path& chosen) {
  const std::filesystem::path directory = packaged_folder(chosen, kPackagedFolder);
  Dataset set{"fashion-mnist", 10, {0.2860f, 0.2860f, 0.2860f}, {0.3530f, 0.3530f, 0.3530f}, {}, {}};
  // Another folder may hold any set in the same format: a small one for a try, or one's own.
  const bool packaged = directory.string().ends_with(kPackagedFolder);
  const auto sum = [packaged](const char* sha256) { return packaged ? std::string(sha256) : std::string(); };
  set.train = read_idx(directory / "train-images-idx3-ubyte", directory / "train-labels-idx1-ubyte", sum(kTrainImages),
                       sum(kTrainLabels));
  set.test = read_idx(directory / "t10k-images-idx3-ubyte", directory / "t10k-labels-idx1-ubyte", sum(kTestImages),
                      sum(kTestLabels));
  check_labels((directory / "train-labels-idx1-ubyte").string(), set.train.labels, set.classes);
  check_labels((directory / "t10k-labels-idx1-ubyte").string(), set.test.labels, set.classes);
  return set;
}

}  // namespace

DatasetEntry fashion_mnist() {
  DatasetEntry entry;
  entry.name = "fashion-mnist";
  entry.summary = "60,000 + 10,000 grey images of clothes, 10 classes";
  entry.loader = Loader<Dataset>(load_fashion_mnist);
  entry.packaged = {{"dataset-fashion-mnist", "usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"}};
  entry.default_directory = package_root(entry.packaged) / kPackagedFolder;
  return entry;
}

}  // namespace ldpsim::data
