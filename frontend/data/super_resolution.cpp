// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/super_resolution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <regex>
#include <set>

#include "frontend/data/resize.hpp"
#include "frontend/data/walk.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::data {
namespace {

namespace fs = std::filesystem;

/// Luma of ITU-R BT.601 as MATLAB's rgb2ycbcr has it, of bytes; 16..235.
double luma(const std::uint8_t* rgb) { return 16 + (65.481 * rgb[0] + 128.553 * rgb[1] + 24.966 * rgb[2]) / 255; }

constexpr double kLeastSquaredError = 0.25;  // over a picture: half a grey level in one pixel

std::vector<fs::path> picture_files_below(const fs::path& directory) {
  std::vector<fs::path> pictures;
  for (const FoundFile& file : files_below(directory)) {
    if (has_picture_name(file.path)) pictures.push_back(file.path);
  }
  return pictures;
}

/// What the name of a file says.
struct PublishedName {
  std::string stem;    ///< without the marks of resolution and scale: what all resolutions have in common
  int scale = 0;       ///< 0: high resolution for any scale
  bool is_low = true;  ///< of that scale, otherwise high resolution cut for it
};

/// NAME_SRF_4_HR and NAME_SRF_4_LR, but also NAME_SRF_4_METHOD: what a method made of the latter.
struct NameWithFactor {
  std::string name, scale, kind;
};

std::optional<NameWithFactor> name_with_factor(const fs::path& file) {
  static const std::regex pattern("(.*)_SRF_([0-9]+)_(.+)");
  const std::string stem = file.stem().string();
  std::smatch match;
  if (!std::regex_match(stem, match, pattern)) return std::nullopt;
  return NameWithFactor{match[1], match[2], match[3]};
}

/// Folders in which names of the form NAME_SRF_4_METHOD are results, for there are originals beside them.
std::set<fs::path> folders_of_results(const std::vector<fs::path>& files) {
  std::set<fs::path> folders;
  for (const fs::path& file : files) {
    const auto name = name_with_factor(file);
    if (name && name->kind == "HR") folders.insert(file.parent_path());
  }
  return folders;
}

bool is_result(const fs::path& file, const std::set<fs::path>& folders) {
  const auto name = name_with_factor(file);
  return name && name->kind != "HR" && name->kind != "LR" && folders.contains(file.parent_path());
}

/// At most of three digits, which is more than anyone enlarges pictures.
int scale_of(const std::string& digits, const fs::path& file) {
  int scale = 0;
  const char* const end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, scale).ec == std::errc{} && scale >= 1 && scale <= 999) return scale;
  throw UserError(file.string(), fmt::format("tells by its name a scale of {}", digits), "allowed: 1 to 999");
}

PublishedName published_name(const fs::path& file, const fs::path& directory) {
  static const std::regex scaled("(.*)x([0-9]+)");
  const std::string stem = file.stem().string();
  const auto beside = name_with_factor(file);
  if (beside && (beside->kind == "HR" || beside->kind == "LR")) {
    return {beside->name, scale_of(beside->scale, file), beside->kind == "LR"};
  }
  std::smatch match;
  const std::string folder = file.lexically_relative(directory).parent_path().generic_string();
  if (folder.find("LR") == std::string::npos) return {stem, 0};
  if (std::regex_match(stem, match, scaled)) return {match[1], scale_of(match[2], file)};
  throw UserError(file.string(), "is in a folder of low resolutions but does not tell its scale",
                  "name it as NAMEx4.png");
}

bool is_halved(const PictureSize& high, std::int64_t halve_from) {
  return halve_from > 0 && std::min(high.height, high.width) >= halve_from;
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

fs::path& place_of(const PublishedName& name, PictureFile& picture) {
  if (name.scale == 0) return picture.high;
  return name.is_low ? picture.low[name.scale] : picture.cut[name.scale];
}

/// Train and test sets may both have a picture 0001: the split is part of the key.
using Key = std::pair<Split, std::string>;

}  // namespace

SuperResolutionSet scan_super_resolution(const fs::path& directory, const std::string& name, Split otherwise) {
  if (!is_folder(directory)) {
    throw UserError(directory.string(), "no such folder", "--data DIR must name the folder of the pictures");
  }
  std::map<Key, PictureFile> found;
  const std::vector<fs::path> files = picture_files_below(directory);
  const std::set<fs::path> with_results = folders_of_results(files);
  for (const fs::path& file : files) {
    if (is_result(file, with_results)) continue;
    const PublishedName known = published_name(file, directory);
    PictureFile& picture = found[{split_of(file, directory, otherwise), known.stem}];
    fs::path& place = place_of(known, picture);
    if (!place.empty()) {
      throw UserError(file.string(), fmt::format("is the same picture as {} by its name", place.string()),
                      "each name may occur once");
    }
    place = file;
  }
  SuperResolutionSet set{name, {}, {}};
  for (auto& [key, picture] : found) {
    if (picture.high.empty() && !picture.cut.empty()) picture.high = picture.cut.begin()->second;
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
      for (const auto& [scale, file] : picture.cut) {
        if (file != picture.high)
          text += fmt::format(" {} {} {}\n", scale, file.filename().string(), fs::file_size(file));
      }
    }
    text += '\n';
  }
  return sha256_hex(text);
}

const fs::path& PictureFile::high_for(int scale) const {
  const auto found = cut.find(scale);
  return found == cut.end() ? high : found->second;
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
  const fs::path& file = picture.high_for(scale);
  Picture high = read_picture(file);
  if (std::min(high.height, high.width) < scale) {
    throw DamagedFile(file.string(), fmt::format("has {} x {} pixels", high.width, high.height),
                      fmt::format("at least {} each way are needed", scale));
  }
  if (is_halved({high.height, high.width}, halve_from)) high = make_pair(std::move(high), 2).low;
  const auto given = picture.low.find(scale);
  if (given == picture.low.end()) return make_pair(std::move(high), scale);
  Picture low = read_picture(given->second);
  if (low.height != high.height / scale || low.width != high.width / scale) {
    throw DamagedFile(given->second.string(),
                      fmt::format("has {} x {} pixels, {} has {} x {}", low.width, low.height, file.string(),
                                  high.width, high.height),
                      fmt::format("low resolution must have one in {} each way", scale));
  }
  return {std::move(low), crop(high, 0, 0, high.height / scale * scale, high.width / scale * scale)};
}

PicturePair read_test_pair(const PictureFile& picture, int scale, std::int64_t border, std::int64_t halve_from) {
  PicturePair pair = read_pair(picture, scale, halve_from);
  const Picture& high = pair.high;
  if (std::min(high.height, high.width) > 2 * border) return pair;
  throw DamagedFile(picture.high_for(scale).string(),
                    fmt::format("has {} x {} pixels that can be compared", high.width, high.height),
                    fmt::format("more than {} each way are needed, a border of {} being left out", 2 * border, border));
}

PictureSize low_size_of(PictureSize high, int scale, std::int64_t halve_from) {
  if (is_halved(high, halve_from)) high = {high.height / 2, high.width / 2};
  return {high.height / scale, high.width / scale};
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
    throw UserError("--image-size",
                    fmt::format("{0} x {0} pixels do not fit into a picture of {1} x {2} in low resolution", low_size,
                                low.width, low.height));
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
  return 10 * std::log10(255.0 * 255.0 * pixels / std::max(sum, kLeastSquaredError));
}

Picture bicubic(const Picture& low, int scale) {
  return resize(low, low.height * scale, low.width * scale, Kernel::kCubic, Edge::kRepeat);
}

}  // namespace ldpsim::data
