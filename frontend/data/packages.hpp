// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ldpsim::data {

/// A file of a Debian package.
struct PackagedFile {
  const char* package;
  const char* path;  ///< as installed, without the leading slash
};

/// Where the files of Debian packages are: $LDPSIM_DATA if it is set (a folder that `scripts/data` unpacked packages
/// into), otherwise `/`.
std::filesystem::path package_root();

/// Names of the packages of which a file lacks below `root`, each once, separated by blanks; empty if all are there.
std::string missing_packages(const std::filesystem::path& root, const std::vector<PackagedFile>& files);

/// Throws UserError naming the packages and how to get them if any file lacks.
void require_packages(const std::filesystem::path& root, const std::vector<PackagedFile>& files);

/// How to get packages, as an error or a listing says it.
std::string package_remedy(const std::string& packages);

}  // namespace ldpsim::data
