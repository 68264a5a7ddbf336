// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/packages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "sim/core/error.hpp"

namespace ldpsim::data {

std::filesystem::path package_root(const std::vector<PackagedFile>& files) {
  const char* const root = std::getenv("LDPSIM_DATA");
  const bool has_all = root != nullptr && *root != '\0' && missing_packages(root, files).empty();
  return has_all ? root : "/";
}

std::string packages_of(const std::vector<PackagedFile>& files) {
  std::vector<std::string> packages;
  for (const PackagedFile& file : files) {
    if (std::find(packages.begin(), packages.end(), file.package) == packages.end()) packages.push_back(file.package);
  }
  return fmt::format("{}", fmt::join(packages, " "));
}

std::string missing_packages(const std::filesystem::path& root, const std::vector<PackagedFile>& files) {
  std::vector<PackagedFile> missing;
  std::copy_if(files.begin(), files.end(), std::back_inserter(missing), [&](const PackagedFile& file) {
    std::error_code ignored;
    return !std::filesystem::exists(root / file.path, ignored);
  });
  return packages_of(missing);
}

std::filesystem::path packaged_folder(const std::filesystem::path& directory, const std::string& packaged) {
  std::error_code ignored;
  return std::filesystem::is_directory(directory / packaged, ignored) ? directory / packaged : directory;
}

std::string package_remedy(const std::string& packages) {
  return fmt::format("apt-get install {0}; or scripts/data {0}, which unpacks them into a folder for --data", packages);
}

void require_packages(const std::filesystem::path& root, const std::vector<PackagedFile>& files) {
  for (const PackagedFile& file : files) {
    std::error_code ignored;
    if (std::filesystem::exists(root / file.path, ignored)) continue;
    throw UserError((root / file.path).string(), "no such file", package_remedy(missing_packages(root, files)));
  }
}

}  // namespace ldpsim::data
