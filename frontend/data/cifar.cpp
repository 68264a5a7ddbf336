// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <map>

#include "frontend/data/archive.hpp"
#include "frontend/data/dataset.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

constexpr std::int64_t kImageBytes = kInputChannels * kInputSize * kInputSize;
constexpr std::int64_t kCifarTraining = 50'000, kCifarTests = 10'000;  ///< as published, in equal parts

/// The "binary version" of Krizhevsky's sets: records of `label_bytes` labels, the last of which counts, and 3072
/// planar bytes.
struct CifarLayout {
  std::string name;
  int classes = 10;
  std::int64_t label_bytes = 1;
  std::vector<std::string> train_files;
  std::string test_file, subfolder, archive, archive_md5;
};

std::string contents_of(const std::filesystem::path& path, const CifarLayout& layout) {
  const std::string file = path.string();
  const bool folder = std::filesystem::is_directory(path);
  std::ifstream stream(file, std::ios::binary);
  if (!stream || folder) {
    throw UserError(file, folder ? "is a folder, not a file" : "no such file",
                    fmt::format("--data DIR must name the folder of the {} binary version with {} and {}", layout.name,
                                layout.train_files[0], layout.test_file));
  }
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// `file`: named in errors.
void append(const std::string& contents, const std::string& file, const CifarLayout& layout, std::int64_t records,
            ImageSet& set) {
  const std::int64_t record = layout.label_bytes + kImageBytes, size = static_cast<std::int64_t>(contents.size());
  if (size == 0 || size % record != 0) {
    throw DamagedFile(file, fmt::format("has {} bytes", size),
                      fmt::format("a {} file is a multiple of {} bytes", layout.name, record));
  }
  if (size / record != records) {
    // Smaller sets in this layout are made for tries; a published file cut between two records looks the same.
    fmt::print(stderr, "warning: {}: has {} images, the published file {}; it was cut short, or is a set of your own\n",
               file, size / record, records);
  }
  const std::size_t first = set.labels.size();
  for (std::int64_t at = 0; at < size; at += record) {
    const auto image = contents.begin() + at + layout.label_bytes;
    set.labels.push_back(static_cast<std::uint8_t>(image[-1]));
    set.pixels.insert(set.pixels.end(), image, image + kImageBytes);
  }
  check_labels(file, {set.labels.begin() + static_cast<std::ptrdiff_t>(first), set.labels.end()}, layout.classes);
}

Dataset load_cifar(const std::filesystem::path& directory, const CifarLayout& layout) {
  // The archive unpacks into a subfolder; take its parent as well.
  const std::filesystem::path inner = directory / layout.subfolder;
  const std::filesystem::path folder = std::filesystem::is_directory(inner) ? inner : directory,
                              archive = directory / layout.archive;
  std::vector<std::string> names = layout.train_files;
  names.push_back(layout.test_file);
  // Only the archive's checksum is published, so it is what is read where it is at hand.
  std::map<std::string, std::string> checked;
  if (std::filesystem::is_regular_file(archive)) checked = read_published_archive(archive, layout.archive_md5, names);
  const auto add = [&](const std::string& name, std::int64_t records, ImageSet& part) {
    const auto found = checked.find(name);
    if (found != checked.end())
      append(found->second, (archive / name).string(), layout, records, part);
    else
      append(contents_of(folder / name, layout), (folder / name).string(), layout, records, part);
  };
  Dataset set{layout.name, layout.classes, {0.4914f, 0.4822f, 0.4465f}, {0.2023f, 0.1994f, 0.2010f}, {}, {}};
  const std::int64_t each = kCifarTraining / static_cast<std::int64_t>(layout.train_files.size());
  for (const std::string& file : layout.train_files) add(file, each, set.train);
  add(layout.test_file, kCifarTests, set.test);
  return set;
}

DatasetEntry entry(const CifarLayout& layout, const std::string& summary) {
  DatasetEntry entry;
  entry.name = layout.name;
  entry.summary = summary;
  entry.loader =
      Loader<Dataset>([layout](const std::filesystem::path& directory) { return load_cifar(directory, layout); });
  entry.publisher = "Krizhevsky, \"Learning multiple layers of features from tiny images\", 2009";
  entry.remedy = fmt::format(
      "download the binary version, {} (MD5 {}), from https://www.cs.toronto.edu/~kriz/cifar.html; --data the folder "
      "of it, which checks the MD5, or of what it unpacks into, {}",
      layout.archive, layout.archive_md5, layout.subfolder);
  return entry;
}

}  // namespace

DatasetEntry cifar10() {
  CifarLayout layout{"cifar10",
                     10,
                     1,
                     {},
                     "test_batch.bin",
                     "cifar-10-batches-bin",
                     "cifar-10-binary.tar.gz",
                     "c32a1d4ab5d03f1284b67883e8d87530"};
  for (int i = 1; i <= 5; ++i) layout.train_files.push_back(fmt::format("data_batch_{}.bin", i));
  return entry(layout, "50,000 + 10,000 colour images, 10 classes");
}

DatasetEntry cifar100() {
  return entry({"cifar100",
                100,
                2,
                {"train.bin"},
                "test.bin",
                "cifar-100-binary",
                "cifar-100-binary.tar.gz",
                "03b5dce01913d631647c71ecec9e9cb8"},
               "50,000 + 10,000 colour images, 100 classes");
}

}  // namespace ldpsim::data
