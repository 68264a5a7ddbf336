// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

namespace ldpsim::data {

/// Whether this is a folder, or a link to one, that can be looked at.
bool is_folder(const std::filesystem::path& path);

/// What is in a folder, sorted, so that the order does not depend on the file system: its files, or the folders in it.
/// Links are followed, those that lead nowhere left out. Throws UserError naming what cannot be read: a folder without
/// permission, a link to itself.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);
std::vector<std::filesystem::path> folders_in(const std::filesystem::path& folder);

struct FoundFile {
  std::filesystem::path path;
  bool is_linked = false;  ///< it is a link, or was found through one
};

/// The files in a folder and at any depth below it, sorted. Of the ways to a folder that links make, one is gone: its
/// own if that is below `folder` too. So links may lead in a circle. Throws as files_in.
std::vector<FoundFile> files_below(const std::filesystem::path& folder);

}  // namespace ldpsim::data
