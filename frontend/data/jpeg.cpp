// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <turbojpeg.h>

#include <memory>

#include "frontend/data/picture_formats.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

struct CloseTurbo {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Turbo = std::unique_ptr<void, CloseTurbo>;

struct Header {
  int width = 0, height = 0, subsampling = 0, colours = 0;
};

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Header read_header(tjhandle turbo, const std::string& bytes, const std::string& file) {
  Header header;
  if (tjDecompressHeader3(turbo, bytes_of(bytes), bytes.size(), &header.width, &header.height, &header.subsampling,
                          &header.colours) != 0) {
    throw DamagedFile(file, fmt::format("has no JPEG header that can be read: {}", tjGetErrorStr2(turbo)));
  }
  return header;
}

void decode_to(tjhandle turbo, const std::string& bytes, const std::string& file, const Header& header, int format,
               unsigned char* pixels) {
  if (tjDecompress2(turbo, bytes_of(bytes), bytes.size(), pixels, header.width, 0, header.height, format,
                    TJFLAG_ACCURATEDCT) == 0) {
    return;
  }
  // Some sound pictures of ImageNet carry bytes of padding between their segments.
  const std::string reason = tjGetErrorStr2(turbo);
  if (tjGetErrorCode(turbo) == TJERR_WARNING && reason.find("extraneous bytes") != std::string::npos) return;
  throw DamagedFile(file, fmt::format("cannot be decoded: {}", reason), kDamagedHint);
}

PictureSize size(const std::string& bytes, const std::string& file) {
  const Turbo turbo(tjInitDecompress());
  const Header header = read_header(turbo.get(), bytes, file);
  return {header.height, header.width};
}

Picture decode(const std::string& bytes, const std::string& file) {
  const Turbo turbo(tjInitDecompress());
  const Header header = read_header(turbo.get(), bytes, file);
  Picture picture(header.height, header.width);
  if (header.colours != TJCS_CMYK && header.colours != TJCS_YCCK) {
    decode_to(turbo.get(), bytes, file, header, TJPF_RGB, picture.rgb.data());
    return picture;
  }
  // Every program that writes CMYK as JPEG writes it inverted: 255 is no ink.
  std::vector<unsigned char> inks(picture.rgb.size() / 3 * 4);
  decode_to(turbo.get(), bytes, file, header, TJPF_CMYK, inks.data());
  for (std::size_t pixel = 0; pixel < inks.size() / 4; ++pixel) {
    for (std::size_t c = 0; c < 3; ++c) {
      picture.rgb[3 * pixel + c] = static_cast<std::uint8_t>((inks[4 * pixel + c] * inks[4 * pixel + 3] + 127) / 255);
    }
  }
  return picture;
}

}  // namespace

const PictureFormat& jpeg_format() {
  static const PictureFormat format{"\xFF\xD8\xFF", size, decode};
  return format;
}

std::string encode_jpeg(const Picture& picture, int quality) {
  const Turbo turbo(tjInitCompress());
  unsigned char* bytes = nullptr;
  unsigned long count = 0;
  const int failed =
      tjCompress2(turbo.get(), picture.rgb.data(), static_cast<int>(picture.width), 0, static_cast<int>(picture.height),
                  TJPF_RGB, &bytes, &count, TJSAMP_444, quality, TJFLAG_ACCURATEDCT);
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(bytes, tjFree);
  if (failed != 0) throw InternalError(fmt::format("JPEG cannot be encoded: {}", tjGetErrorStr2(turbo.get())));
  return std::string(reinterpret_cast<const char*>(bytes), count);
}

}  // namespace ldpsim::data
