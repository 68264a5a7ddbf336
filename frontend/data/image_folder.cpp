// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/image_folder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/data/picture.hpp"
#include "frontend/data/walk.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::data {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> class_folders(const fs::path& directory) {
  std::vector<fs::path> folders;
  for (const fs::path& folder : folders_in(directory)) {
    if (folder.filename().string()[0] != '.') folders.push_back(folder);
  }
  return folders;
}

bool is_inside(const fs::path& file, const fs::path& folder) {
  const fs::path relative = file.lexically_relative(folder);
  return !relative.empty() && *relative.begin() != "..";
}

/// Those of a class, but for those that a link below its folder leads to within the whole set.
std::vector<fs::path> pictures_below(const fs::path& folder, const fs::path& whole) {
  std::vector<fs::path> files;
  for (const FoundFile& file : files_below(folder)) {
    if (!has_picture_name(file.path)) continue;
    if (file.is_linked && is_inside(fs::weakly_canonical(file.path), fs::weakly_canonical(whole))) continue;
    files.push_back(file.path);
  }
  return files;
}

/// FNV-1a, then mixed: names that differ in their last digit only must not be neighbours.
std::uint64_t hash_of(const std::string& text) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3ull;
  return Random(hash).next();
}

void split_by_name(const std::vector<fs::path>& files, const fs::path& class_folder, std::int64_t label,
                   int held_out_percent, ImageFolder& set) {
  const auto hash = [&](const fs::path& file) {
    return hash_of((class_folder.filename() / file.lexically_relative(class_folder)).generic_string());
  };
  const auto kept = std::max_element(files.begin(), files.end(),
                                     [&](const fs::path& a, const fs::path& b) { return hash(a) < hash(b); });
  for (auto file = files.begin(); file != files.end(); ++file) {
    const bool held_out = file != kept && hash(*file) % 100 < static_cast<std::uint64_t>(held_out_percent);
    (held_out ? set.test : set.train).push_back({*file, label});
  }
}

void read_one_folder(const fs::path& directory, int held_out_percent, ImageFolder& set) {
  for (const fs::path& folder : class_folders(directory)) {
    const std::vector<fs::path> files = pictures_below(folder, directory);
    if (files.empty()) continue;
    split_by_name(files, folder, static_cast<std::int64_t>(set.classes.size()), held_out_percent, set);
    set.classes.push_back(folder.filename().string());
  }
}

void read_two_folders(const fs::path& train, const fs::path& test, const fs::path& whole, ImageFolder& set) {
  for (const fs::path& folder : class_folders(train)) {
    for (const fs::path& file : pictures_below(folder, whole)) {
      set.train.push_back({file, static_cast<std::int64_t>(set.classes.size())});
    }
    set.classes.push_back(folder.filename().string());
  }
  for (const fs::path& folder : class_folders(test)) {
    const auto found = std::find(set.classes.begin(), set.classes.end(), folder.filename().string());
    if (found == set.classes.end()) {
      throw UserError(folder.string(),
                      fmt::format("is not one of the {} classes of {}", set.classes.size(), train.string()),
                      "each class has one folder of the same name in both");
    }
    for (const fs::path& file : pictures_below(folder, whole)) set.test.push_back({file, found - set.classes.begin()});
  }
}

}  // namespace

ImageFolder scan_image_folder(const fs::path& directory, const std::string& name, int held_out_percent) {
  if (!is_folder(directory)) {
    throw UserError(directory.string(), "no such folder", "--data DIR must name the folder of the classes' folders");
  }
  ImageFolder set;
  set.name = name;
  fs::path test;
  for (const char* const inner : {"test", "valid", "val"}) {
    if (is_folder(directory / inner)) test = directory / inner;
  }
  if (is_folder(directory / "train") && !test.empty()) {
    read_two_folders(directory / "train", test, directory, set);
    if (set.test.empty()) {
      throw UserError(test.string(), "has no folder of a class with JPEG or PNG files",
                      "sort the pictures into one folder a class, as in train/");
    }
  } else {
    read_one_folder(is_folder(directory / "train") ? directory / "train" : directory, held_out_percent, set);
  }
  if (set.train.empty()) {
    throw UserError(directory.string(), "has no folder of a class with JPEG or PNG files",
                    "expected: train/CLASS/*.JPEG and val/CLASS/*.JPEG, or CLASS/*.JPEG");
  }
  return set;
}

std::vector<LabelledFile> spread_choice(const std::vector<LabelledFile>& files, std::int64_t limit) {
  const std::size_t count = files.size(), wanted = static_cast<std::size_t>(limit);
  if (limit <= 0 || wanted >= count) return files;
  std::vector<LabelledFile> chosen;
  for (std::size_t i = 0; i < wanted; ++i) chosen.push_back(files[(2 * i + 1) * count / (2 * wanted)]);
  return chosen;
}

std::string ImageFolder::fingerprint() const {
  std::string text;
  for (const std::vector<LabelledFile>* part : {&train, &test}) {
    for (const LabelledFile& picture : *part) {
      text += fmt::format("{} {} {}\n", picture.label, picture.file.filename().string(), fs::file_size(picture.file));
    }
    text += '\n';
  }
  return sha256_hex(text);
}

}  // namespace ldpsim::data
