// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ldpsim::data {

/// Members of an archive as it was published (tar or zip, packed in any way), by their names without folders. Throws
/// DamagedFile naming the archive if its MD5 is not `md5`, if it cannot be unpacked, or lacks one of `members`.
std::map<std::string, std::string> read_published_archive(const std::filesystem::path& file, const std::string& md5,
                                                          const std::vector<std::string>& members);

}  // namespace ldpsim::data
