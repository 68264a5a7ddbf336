// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ldpsim::data {

/// A colour picture: bytes in the order H, W, C with C = red, green, blue; rows from the top.
struct Picture {
  std::int64_t height = 0, width = 0;
  std::vector<std::uint8_t> rgb;
  Picture() = default;
  Picture(std::int64_t rows, std::int64_t columns);  ///< black
  std::uint8_t* at(std::int64_t y, std::int64_t x) { return rgb.data() + 3 * (y * width + x); }
  const std::uint8_t* at(std::int64_t y, std::int64_t x) const { return rgb.data() + 3 * (y * width + x); }
  bool operator==(const Picture&) const = default;
};

/// Pixels that a file may unpack to; more is refused before any memory is taken for it.
inline constexpr std::int64_t kMaxPicturePixels = 200'000'000;

/// Decodes JPEG (libjpeg-turbo, accurate DCT) or PNG (libpng), told apart by their first bytes, whatever the name says.
/// Grey is repeated in the three channels, transparency blended on white, 16-bit samples rounded to 8, inverted CMYK
/// multiplied out; gamma and colour profiles are ignored, as the published sets are read. Throws UserError if there is
/// no such file, DamagedFile naming it if it is of another kind, cut short, damaged or larger than `max_pixels`.
Picture read_picture(const std::filesystem::path& file, std::int64_t max_pixels = kMaxPicturePixels);

struct PictureSize {
  std::int64_t height = 0, width = 0;
};
/// As read_picture, but reads the header only.
PictureSize read_picture_size(const std::filesystem::path& file);

/// Whether the name ends as those of JPEG and PNG files do, in any case.
bool has_picture_name(const std::filesystem::path& file);

/// The bytes of a PNG file of 8-bit RGB.
std::string encode_png(const Picture& picture);
/// The bytes of a JPEG file of this quality (1..100), colours at full resolution.
std::string encode_jpeg(const Picture& picture, int quality);

/// `height` x `width` pixels from (top, left) on. The region must lie inside.
Picture crop(const Picture& picture, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width);
/// Left becomes right.
Picture mirrored(const Picture& picture);
/// Rows become columns.
Picture transposed(const Picture& picture);

}  // namespace ldpsim::data
