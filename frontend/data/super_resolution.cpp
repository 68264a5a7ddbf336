// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/super_resolution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>

#include "frontend/data/resize.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::data {
namespace {

namespace fs = std::filesystem;

/// Luma of ITU-R BT.601 as MATLAB's rgb2ycbcr has it, of bytes; 16..235.
double luma(const std::uint8_t* rgb) { return 16 + (65.481 * rgb[0] + 128.553 * rgb[1] + 24.966 * rgb[2]) / 255; }

/// What the name of a file says.
struct PublishedName {
  std::string stem;   ///< without the marks of resolution and scale: what two resolutions have in common
  int low_scale = 0;  ///< 0: high resolution
};

/// At most of three digits, which is more than anyone enlarges pictures.
int scale_of(const std::string& digits, const fs::path& file) {
  int scale = 0;
  const char* const end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, scale).ec == std::errc{} && scale >= 1 && scale <= 999) return scale;
  throw UserError(file.string(), fmt::format("tells by its name a scale of {}", digits), "allowed: 1 to 999");
}

PublishedName published_name(const fs::path& file, const fs::path& directory) {
  static const std::regex beside("(.*)_SRF_([0-9]+)_(HR|LR)"), scaled("(.*)x([0-9]+)");
  const std::string stem = file.stem().string();
  std::smatch match;
  if (std::regex_match(stem, match, beside)) return {match[1], match[3] == "LR" ? scale_of(match[2], file) : 0};
  const std::string folder = file.lexically_relative(directory).parent_path().generic_string();
  if (folder.find("LR") == std::string::npos) return {stem, 0};
  if (std::regex_match(stem, match, scaled)) return {match[1], scale_of(match[2], file)};
  throw UserError(file.string(), "is in a folder of low resolutions but does not tell its scale",
                  "name it as NAMEx4.png");
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Split split_of(const fs::path& file, const fs::path& directory, Split otherwise) {
  const fs::path folders = file.lexically_relative(directory).parent_path();
  for (const fs::path& part : folders) {
    const std::string folder = part.string();
    if (folder == "val" || folder == "valid" || folder == "test" || has(folder, "_valid_")) return Split::kTest;
    if (folder == "train" || has(folder, "_train_")) return Split::kTrain;
  }
  return otherwise;
}

/// Train and test sets may both have a picture 0001: the split is part of the key.
using Key = std::pair<Split, std::string>;

}  // namespace

SuperResolutionSet scan_super_resolution(const fs::path& directory, const std::string& name, Split otherwise) {
  if (!fs::is_directory(directory)) {
    throw UserError(directory.string(), "no such folder", "--data DIR must name the folder of the pictures");
  }
  std::map<Key, PictureFile> found;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file() || !has_picture_name(entry.path())) continue;
    const PublishedName known = published_name(entry.path(), directory);
    PictureFile& picture = found[{split_of(entry.path(), directory, otherwise), known.stem}];
    fs::path& place = known.low_scale == 0 ? picture.high : picture.low[known.low_scale];
    if (!place.empty()) {
      throw UserError(entry.path().string(), fmt::format("is the same picture as {} by its name", place.string()),
                      "each name may occur once");
    }
    place = entry.path();
  }
  SuperResolutionSet set{name, {}, {}};
  for (auto& [key, picture] : found) {
    if (picture.high.empty()) {
      throw UserError(picture.low.begin()->second.string(), "has no high resolution of the same name beside it");
    }
    (key.first == Split::kTrain ? set.train : set.test).push_back(std::move(picture));
  }
  if (found.empty()) throw UserError(directory.string(), "has no JPEG or PNG files");
  return set;
}

std::string SuperResolutionSet::fingerprint() const {
  std::string text = fmt::format("{}\n", halve_from);
  for (const std::vector<PictureFile>* part : {&train, &test}) {
    for (const PictureFile& picture : *part) {
      text += fmt::format("{} {}\n", picture.high.filename().string(), fs::file_size(picture.high));
      for (const auto& [scale, file] : picture.low) text += fmt::format(" {} {}\n", scale, fs::file_size(file));
    }
    text += '\n';
  }
  return sha256_hex(text);
}

PicturePair make_pair(Picture high, int scale) {
  const std::int64_t height = high.height / scale, width = high.width / scale;
  if (height < 1 || width < 1) throw InternalError("a picture smaller than the scale");
  if (height * scale != high.height || width * scale != high.width) {
    high = crop(high, 0, 0, height * scale, width * scale);
  }
  Picture low = resize(high, height, width, Kernel::kCubic, Edge::kRepeat);
  return {std::move(low), std::move(high)};
}

PicturePair read_pair(const PictureFile& picture, int scale, std::int64_t halve_from) {
  Picture high = read_picture(picture.high);
  if (std::min(high.height, high.width) < scale) {
    throw DamagedFile(picture.high.string(), fmt::format("has {} x {} pixels", high.width, high.height),
                      fmt::format("at least {} each way are needed", scale));
  }
  if (halve_from > 0 && std::min(high.height, high.width) >= halve_from) high = make_pair(std::move(high), 2).low;
  const auto given = picture.low.find(scale);
  if (given == picture.low.end()) return make_pair(std::move(high), scale);
  Picture low = read_picture(given->second);
  if (low.height != high.height / scale || low.width != high.width / scale) {
    throw DamagedFile(given->second.string(),
                      fmt::format("has {} x {} pixels, {} has {} x {}", low.width, low.height, picture.high.string(),
                                  high.width, high.height),
                      fmt::format("low resolution must have one in {} each way", scale));
  }
  return {std::move(low), crop(high, 0, 0, high.height / scale * scale, high.width / scale * scale)};
}

Picture turned(const Picture& picture, int view) {
  Picture result = view & 1 ? transposed(picture) : picture;
  if (view & 2) result = mirrored(result);
  if (view & 4) {
    for (std::int64_t y = 0; y < result.height / 2; ++y) {
      std::swap_ranges(result.at(y, 0), result.at(y, 0) + 3 * result.width, result.at(result.height - 1 - y, 0));
    }
  }
  return result;
}

PicturePair random_patch(const PicturePair& pair, int scale, std::int64_t low_size, std::uint64_t seed) {
  const Picture& low = pair.low;
  if (low.height < low_size || low.width < low_size) {
    throw UserError("--patch", fmt::format("{0} x {0} pixels do not fit into a picture of {1} x {2} in low resolution",
                                           low_size, low.width, low.height));
  }
  Random random(seed);
  const std::int64_t top = random.between(0, low.height - low_size), left = random.between(0, low.width - low_size);
  const auto view = static_cast<int>(random.between(0, 7));
  const std::int64_t high_size = low_size * scale;
  return {turned(crop(low, top, left, low_size, low_size), view),
          turned(crop(pair.high, top * scale, left * scale, high_size, high_size), view)};
}

double luma_psnr(const Picture& one, const Picture& other, std::int64_t border) {
  if (one.height != other.height || one.width != other.width) throw InternalError("PSNR of pictures of unlike size");
  if (one.height <= 2 * border || one.width <= 2 * border) throw InternalError("PSNR of a picture that is all border");
  double sum = 0;
  for (std::int64_t y = border; y < one.height - border; ++y) {
    for (std::int64_t x = border; x < one.width - border; ++x) {
      const double difference = luma(one.at(y, x)) - luma(other.at(y, x));
      sum += difference * difference;
    }
  }
  const auto pixels = static_cast<double>((one.height - 2 * border) * (one.width - 2 * border));
  return 10 * std::log10(255.0 * 255.0 * pixels / sum);
}

Picture bicubic(const Picture& low, int scale) {
  return resize(low, low.height * scale, low.width * scale, Kernel::kCubic, Edge::kRepeat);
}

}  // namespace ldpsim::data
