// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace ldpsim::data {

/// The contents of a file, unzipped if it is gzip (or dictzip). Throws UserError if there is no such file, DamagedFile
/// if it cannot be read or is cut short.
std::string read_gzip(const std::filesystem::path& file);

}  // namespace ldpsim::data
