// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "frontend/data/picture_formats.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

constexpr std::size_t kLongestHeader = 1u << 16;  // bytes that are read for a picture's size at first

std::string read_bytes(const std::filesystem::path& file, std::size_t most) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) throw UserError(file.string(), "no such file");
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw DamagedFile(file.string(), "cannot be opened");
  std::string bytes(std::min<std::size_t>(most, std::filesystem::file_size(file)), '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::size_t>(stream.gcount()) != bytes.size()) throw DamagedFile(file.string(), "cannot be read");
  return bytes;
}

bool begins_with(const std::string& bytes, const char* magic) { return bytes.rfind(magic, 0) == 0; }

const PictureFormat& format_of(const std::string& bytes, const std::string& file) {
  for (const PictureFormat* format : {&jpeg_format(), &png_format()}) {
    if (begins_with(bytes, format->magic)) return *format;
  }
  throw DamagedFile(file, "is neither a JPEG nor a PNG picture", kDamagedHint);
}

void check_size(const PictureSize& size, std::int64_t max_pixels, const std::string& file) {
  if (size.height < 1 || size.width < 1) throw DamagedFile(file, "has no pixels");
  if (size.height > max_pixels / size.width) {
    throw DamagedFile(file, fmt::format("has {} x {} pixels", size.width, size.height),
                      fmt::format("allowed: {} in all", max_pixels));
  }
}

}  // namespace

Picture::Picture(std::int64_t rows, std::int64_t columns)
    : height(rows), width(columns), rgb(static_cast<std::size_t>(3 * rows * columns)) {}

Picture read_picture(const std::filesystem::path& path, std::int64_t max_pixels) {
  const std::string file = path.string(), bytes = read_bytes(path, SIZE_MAX);
  const PictureFormat& format = format_of(bytes, file);
  check_size(format.size(bytes, file), max_pixels, file);
  return format.decode(bytes, file);
}

PictureSize read_picture_size(const std::filesystem::path& path) {
  const std::string file = path.string();
  const std::string head = read_bytes(path, kLongestHeader);
  const PictureFormat& format = format_of(head, file);
  try {
    return format.size(head, file);
  } catch (const DamagedFile&) {  // a long comment or thumbnail before the size
    return format.size(read_bytes(path, SIZE_MAX), file);
  }
}

bool has_picture_name(const std::filesystem::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png";
}

Picture crop(const Picture& picture, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width) {
  if (top < 0 || left < 0 || height < 0 || width < 0 || top + height > picture.height || left + width > picture.width) {
    throw InternalError("a crop outside of the picture");
  }
  Picture part(height, width);
  for (std::int64_t y = 0; y < height; ++y) {
    std::copy_n(picture.at(top + y, left), static_cast<std::size_t>(3 * width), part.at(y, 0));
  }
  return part;
}

Picture mirrored(const Picture& picture) {
  Picture result(picture.height, picture.width);
  for (std::int64_t y = 0; y < picture.height; ++y) {
    for (std::int64_t x = 0; x < picture.width; ++x) {
      std::copy_n(picture.at(y, picture.width - 1 - x), 3, result.at(y, x));
    }
  }
  return result;
}

Picture transposed(const Picture& picture) {
  Picture result(picture.width, picture.height);
  for (std::int64_t y = 0; y < picture.height; ++y) {
    for (std::int64_t x = 0; x < picture.width; ++x) std::copy_n(picture.at(y, x), 3, result.at(x, y));
  }
  return result;
}

}  // namespace ldpsim::data
