// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "frontend/data/picture_formats.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

/// A file in memory, being read; and why reading it failed.
struct Source {
  const std::string& bytes;
  std::size_t at = 0;
  std::string reason{};
};

void take_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto& source = *static_cast<Source*>(png_get_io_ptr(png));
  if (count > source.bytes.size() - source.at) png_error(png, "it ends too early");
  std::memcpy(to, source.bytes.data() + source.at, count);
  source.at += count;
}

void remember(png_structp png, png_const_charp message) {
  static_cast<Source*>(png_get_error_ptr(png))->reason = message;
  png_longjmp(png, 1);
}

void ignore(png_structp, png_const_charp) {}

/// libpng's two objects.
class Reader {
 public:
  explicit Reader(Source& source) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, remember, ignore);
    if (png != nullptr) info = png_create_info_struct(png);
    if (info == nullptr) throw std::bad_alloc();
    png_set_read_fn(png, &source, take_bytes);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  png_structp png = nullptr;
  png_infop info = nullptr;
};

/// The functions with setjmp own nothing that would need destroying: libpng jumps out of their calls.
bool read_header(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_info(reader.png, reader.info);
  return true;
}

/// Asks for 8-bit RGBA whatever the file has.
bool prepare(Reader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_gray_to_rgb(reader.png);
  png_set_add_alpha(reader.png, 0xFF, PNG_FILLER_AFTER);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_rows(Reader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);  // the last checksums
  return true;
}

[[noreturn]] void refuse(const std::string& file, const Source& source) {
  throw DamagedFile(file, fmt::format("cannot be decoded: {}", source.reason), kDamagedHint);
}

PictureSize size_of(const Reader& reader) {
  return {png_get_image_height(reader.png, reader.info), png_get_image_width(reader.png, reader.info)};
}

PictureSize size(const std::string& bytes, const std::string& file) {
  Source source{bytes};
  Reader reader(source);
  if (!read_header(reader)) refuse(file, source);
  return size_of(reader);
}

std::uint8_t on_white(std::uint8_t value, std::uint8_t alpha) {
  return static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

Picture decode(const std::string& bytes, const std::string& file) {
  Source source{bytes};
  Reader reader(source);
  if (!read_header(reader) || !prepare(reader)) refuse(file, source);
  const PictureSize extents = size_of(reader);
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(4 * extents.height * extents.width));
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < extents.height; ++y) rows.push_back(pixels.data() + 4 * y * extents.width);
  if (!read_rows(reader, rows.data())) refuse(file, source);
  Picture picture(extents.height, extents.width);
  for (std::size_t pixel = 0; pixel < pixels.size() / 4; ++pixel) {
    for (std::size_t c = 0; c < 3; ++c) {
      picture.rgb[3 * pixel + c] = on_white(pixels[4 * pixel + c], pixels[4 * pixel + 3]);
    }
  }
  return picture;
}

}  // namespace

const PictureFormat& png_format() {
  static const PictureFormat format{"\x89PNG\r\n\x1A\n", size, decode};
  return format;
}

std::string encode_png(const Picture& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t count = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(count, '\0');
  if (png_image_write_to_memory(&image, bytes.data(), &count, 0, picture.rgb.data(), 0, nullptr) == 0) {
    throw InternalError(fmt::format("PNG cannot be encoded: {}", image.message));
  }
  bytes.resize(count);
  return bytes;
}

}  // namespace ldpsim::data
