// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <turbojpeg.h>

#include <algorithm>
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

/// Where the segment that `at` or bytes of padding after it lead to begins: at an FF and a byte that is neither 00 nor
/// FF. The end of `bytes` if there is none.
std::size_t next_marker(const std::string& bytes, std::size_t at) {
  for (; at + 1 < bytes.size(); ++at) {
    if (bytes[at] == '\xFF' && bytes[at + 1] != '\0' && bytes[at + 1] != '\xFF') return at;
  }
  return bytes.size();
}

/// The bytes of the segment at a marker. Those without a length are the marker alone.
std::size_t length_of_segment(const std::string& bytes, std::size_t marker) {
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])); };
  const std::size_t kind = byte(marker + 1), left = bytes.size() - marker;
  const bool alone = kind == 0x01 || (kind >= 0xD0 && kind <= 0xD9);
  if (alone || left < 4) return std::min<std::size_t>(left, 2);
  return std::min(left, 2 + std::max<std::size_t>(2, byte(marker + 2) << 8 | byte(marker + 3)));
}

/// Some sound pictures of ImageNet carry bytes of padding between the segments of their header. libjpeg warns of them
/// in the same words as of a damaged scan, and tells the first warning only: without the padding, any warning is
/// damage.
std::string without_padding(const std::string& bytes) {
  std::string sound;
  sound.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    at = next_marker(bytes, at);
    if (bytes.compare(at, 2, "\xFF\xDA") == 0) return sound.append(bytes, at);
    const std::size_t length = at < bytes.size() ? length_of_segment(bytes, at) : 0;
    sound.append(bytes, at, length);
    at += length;
  }
  return sound;
}

/// Width and height are known even where the colours are sampled in a way that TurboJPEG has no name for; it decodes
/// such pictures all the same.
Header read_header(tjhandle turbo, const std::string& bytes, const std::string& file) {
  Header header;
  if (tjDecompressHeader3(turbo, bytes_of(bytes), bytes.size(), &header.width, &header.height, &header.subsampling,
                          &header.colours) == 0) {
    return header;
  }
  const std::string reason = tjGetErrorStr2(turbo);
  const bool unnamed = reason.find("Could not determine subsampling type") != std::string::npos;
  if (unnamed && header.width > 0 && header.height > 0) return header;
  throw DamagedFile(file, fmt::format("has no JPEG header that can be read: {}", reason));
}

void decode_to(tjhandle turbo, const std::string& bytes, const std::string& file, const Header& header, int format,
               unsigned char* pixels) {
  if (tjDecompress2(turbo, bytes_of(bytes), bytes.size(), pixels, header.width, 0, header.height, format,
                    TJFLAG_ACCURATEDCT) != 0) {
    throw DamagedFile(file, fmt::format("cannot be decoded: {}", tjGetErrorStr2(turbo)), kDamagedHint);
  }
}

PictureSize size(const std::string& bytes, const std::string& file) {
  const Turbo turbo(tjInitDecompress());
  const Header header = read_header(turbo.get(), without_padding(bytes), file);
  return {header.height, header.width};
}

Picture decode(const std::string& given, const std::string& file) {
  const std::string bytes = without_padding(given);
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
