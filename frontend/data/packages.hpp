// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ldpsim::data {

/// A file of a Debian package.
struct PackagedFile {
  std::string package;
  std::string path;  ///< as installed, without the leading slash
};

/// Where the files of Debian packages are: $LDPSIM_DATA (a folder that `scripts/data` unpacked packages into) if it is
/// set and has them all, otherwise `/`.
std::filesystem::path package_root(const std::vector<PackagedFile>& files);

/// Names of the packages, each once, separated by blanks.
std::string packages_of(const std::vector<PackagedFile>& files);

/// Those of which a file lacks below `root`; empty if all are there.
std::string missing_packages(const std::filesystem::path& root, const std::vector<PackagedFile>& files);

/// Throws UserError naming the packages and how to get them if any file lacks.
void require_packages(const std::filesystem::path& root, const std::vector<PackagedFile>& files);

/// `directory`, or the folder `packaged` of a package within it if it is there: so --data may name either.
std::filesystem::path packaged_folder(const std::filesystem::path& directory, const std::string& packaged);

/// How to get packages, as an error or a listing says it.
std::string package_remedy(const std::string& packages);

}  // namespace ldpsim::data
