// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "frontend/data/picture.hpp"

namespace ldpsim::data {

/// How one kind of file is read. `file` names it in errors; both throw DamagedFile.
struct PictureFormat {
  const char* magic;  ///< its first bytes
  PictureSize (*size)(const std::string& bytes, const std::string& file);
  Picture (*decode)(const std::string& bytes, const std::string& file);
};

/// The remedy in errors of pictures that cannot be decoded.
inline constexpr const char* kDamagedHint = "the file is cut short or damaged; --skip-damaged leaves such files out";

const PictureFormat& jpeg_format();
const PictureFormat& png_format();

}  // namespace ldpsim::data
