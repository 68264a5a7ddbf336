// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/walk.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path, const std::error_code& reason) {
  throw UserError(path.string(), "cannot be read: " + reason.message(),
                  "remove it from the folder, or make it readable");
}

/// Of what a link leads to; not_found for one that leads nowhere. Large sets have a million files, of which the folder
/// itself tells that they are.
fs::file_type type_of(const fs::directory_entry& entry) {
  std::error_code error;
  if (entry.is_regular_file(error)) return fs::file_type::regular;
  const fs::file_type type = fs::status(entry.path(), error).type();
  if (type == fs::file_type::none) refuse(entry.path(), error);
  return type;
}

struct Contents {
  std::vector<FoundFile> files, folders;  ///< sorted
};

void sort_by_path(std::vector<FoundFile>& found) {
  std::sort(found.begin(), found.end(), [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
}

std::vector<fs::path> paths_of(const std::vector<FoundFile>& found) {
  std::vector<fs::path> paths;
  for (const FoundFile& each : found) paths.push_back(each.path);
  return paths;
}

Contents contents_of(const fs::path& folder) {
  Contents contents;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const fs::file_type type = type_of(*entry);
    const FoundFile found{entry->path(), entry->is_symlink()};
    if (type == fs::file_type::regular) contents.files.push_back(found);
    if (type == fs::file_type::directory) contents.folders.push_back(found);
  }
  if (error) refuse(folder, error);
  sort_by_path(contents.files);
  sort_by_path(contents.folders);
  return contents;
}

/// Goes through a folder; links to folders wait until all that is there without them has been seen.
class Walk {
 public:
  explicit Walk(const fs::path& folder) {
    enter(folder, false);
    for (std::size_t i = 0; i < links_.size(); ++i) enter(fs::path(links_[i]), true);
    sort_by_path(files_);
  }
  std::vector<FoundFile> take_files() { return std::move(files_); }

 private:
  void enter(const fs::path& folder, bool is_linked) {
    std::error_code error;
    const fs::path own_place = fs::canonical(folder, error);
    if (error) refuse(folder, error);
    if (!seen_.insert(own_place).second) return;
    const Contents contents = contents_of(folder);
    for (const FoundFile& file : contents.files) files_.push_back({file.path, is_linked || file.is_linked});
    for (const FoundFile& inner : contents.folders) {
      if (inner.is_linked) {
        links_.push_back(inner.path);
      } else {
        enter(inner.path, is_linked);
      }
    }
  }

  std::set<fs::path> seen_;  ///< without links
  std::vector<FoundFile> files_;
  std::vector<fs::path> links_;  ///< to folders
};

}  // namespace

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

std::vector<fs::path> files_in(const fs::path& folder) { return paths_of(contents_of(folder).files); }

std::vector<fs::path> folders_in(const fs::path& folder) { return paths_of(contents_of(folder).folders); }

std::vector<FoundFile> files_below(const fs::path& folder) { return Walk(folder).take_files(); }

}  // namespace ldpsim::data
