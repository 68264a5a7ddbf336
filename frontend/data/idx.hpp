// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "frontend/data/dataset.hpp"

namespace ldpsim::data {

/// Reads a pair of IDX files (LeCun's format: big-endian magic 0x803 and 0x801, counts, bytes), plain or gzip. Each
/// path is tried as it is and with ".gz" added. If a SHA-256 is given (64 hexadecimal digits), the unzipped contents
/// must have it.
ImageSet read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                  const std::string& images_sha256 = {}, const std::string& labels_sha256 = {});

}  // namespace ldpsim::data
