// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/blob.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <bit>
#include <cstring>
#include <memory>
#include <new>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

static_assert(std::endian::native == std::endian::little,
              "blobs of a trace are little-endian: byte-swap here for this machine");

constexpr int kLevel = 3;  // codes of few bits shrink nearly as well as at level 19, at a hundredth of the time

std::string compress(const void* bytes, std::size_t size) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (!context) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(size), '\0');
  const std::size_t length = ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes, size);
  if (ZSTD_isError(length) != 0)
    throw InternalError(fmt::format("zstd cannot compress: {}", ZSTD_getErrorName(length)));
  packed.resize(length);
  return packed;
}

/// Decodes exactly `size` bytes to `out`, a resizable container of elements of `width` bytes.
template <class Element>
std::string decode(std::string_view blob, const std::string& codec, std::int64_t count, std::vector<Element>& out) {
  const auto size = static_cast<std::uint64_t>(count) * sizeof(Element);
  if (codec == "raw") {
    if (blob.size() != size) return fmt::format("its blob has {} bytes where {} are expected", blob.size(), size);
    out.resize(static_cast<std::size_t>(count));
    if (size != 0) std::memcpy(out.data(), blob.data(), blob.size());
    return "";
  }
  if (codec != "zstd") return fmt::format("its codec is '{}'; allowed: zstd, raw", codec);
  const unsigned long long content = ZSTD_getFrameContentSize(blob.data(), blob.size());
  if (content == ZSTD_CONTENTSIZE_ERROR) return "its blob is no zstd frame";
  if (content == ZSTD_CONTENTSIZE_UNKNOWN) return "its zstd frame does not say its content size";
  if (content != size) return fmt::format("its blob holds {} bytes where {} are expected", content, size);
  out.resize(static_cast<std::size_t>(count));
  const std::size_t length = ZSTD_decompress(out.data(), out.size() * sizeof(Element), blob.data(), blob.size());
  if (ZSTD_isError(length) != 0) return fmt::format("its blob cannot be decompressed: {}", ZSTD_getErrorName(length));
  if (length != size) return fmt::format("its blob holds {} bytes where {} are expected", length, size);
  return "";
}

}  // namespace

std::string pack_codes(std::span<const std::uint16_t> codes, int bits) {
  if (bits > 8) return compress(codes.data(), codes.size_bytes());
  std::vector<std::uint8_t> bytes(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(codes[i]);
  return compress(bytes.data(), bytes.size());
}

std::string pack_doubles_zstd(std::span<const double> values) { return compress(values.data(), values.size_bytes()); }

std::string pack_doubles(std::span<const double> values) {
  std::string bytes(values.size_bytes(), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string unpack_codes(std::string_view blob, const std::string& codec, int bits, std::int64_t count,
                         std::vector<std::uint16_t>& out) {
  if (bits > 8) return decode(blob, codec, count, out);
  std::vector<std::uint8_t> bytes;
  std::string reason = decode(blob, codec, count, bytes);
  if (reason.empty()) out.assign(bytes.begin(), bytes.end());
  return reason;
}

std::string unpack_doubles(std::string_view blob, const std::string& codec, std::int64_t count,
                           std::vector<double>& out) {
  return decode(blob, codec, count, out);
}

}  // namespace ldpsim
