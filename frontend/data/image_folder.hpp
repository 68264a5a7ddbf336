// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ldpsim::data {

struct LabelledFile {
  std::filesystem::path file;
  std::int64_t label = 0;  ///< index into the classes
};

/// A labelled set of picture files of any size, as ImageNet is unpacked. Nothing is decoded yet.
struct ImageFolder {
  std::string name;
  std::vector<std::string> classes;  ///< folder names, sorted
  std::vector<LabelledFile> train, test;
  /// Names and sizes of all files, so that two runs can be told to have seen the same set.
  std::string fingerprint() const;
};

/// `limit` of the files, spread evenly over their order, so that every class has its part where they are sorted by
/// class; all if `limit` is 0 or not below their number.
std::vector<LabelledFile> spread_choice(const std::vector<LabelledFile>& files, std::int64_t limit);

/// Pictures in a hundred that go to the test split where a folder has only one.
inline constexpr int kHeldOutPercent = 20;

/// Finds JPEG and PNG files in `directory`, at any depth below a class's folder:
///  - `train/CLASS/...` and `val/CLASS/...` (or `test/`): the split that is there;
///  - `CLASS/...`: split by a hash of the file's name, `held_out_percent` to the test split. A class keeps at least one
///    picture for training, so that a set of one picture a class has no test split.
/// Links are followed, but those to files and folders of the same set are left out: the same picture must not be on
/// both sides. Throws UserError naming the folder if it has no such files, a class for testing that is not among those
/// for training, or what cannot be read.
ImageFolder scan_image_folder(const std::filesystem::path& directory, const std::string& name,
                              int held_out_percent = kHeldOutPercent);

}  // namespace ldpsim::data
