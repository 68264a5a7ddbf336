// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/idx.hpp"

#include <fmt/format.h>

#include "frontend/data/gzip.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"

namespace ldpsim::data {
namespace {

constexpr std::uint32_t kImagesMagic = 0x803, kLabelsMagic = 0x801;

std::string existing(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) return path.string();
  const std::string zipped = path.string() + ".gz";
  if (std::filesystem::is_regular_file(zipped, ignored)) return zipped;
  throw UserError(path.string(), "no such file, plain or .gz",
                  "install the package dataset-fashion-mnist or name the folder of the four IDX files with --data DIR");
}

std::uint32_t big_endian(const std::string& contents, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(contents[at + i]);
  return value;
}

/// Checks magic, checksum and length; returns the extents.
std::vector<std::int64_t> check_header(const std::string& file, const std::string& contents, std::uint32_t magic,
                                       const std::string& sha256) {
  const std::size_t dimensions = magic & 0xFF, header = 4 + 4 * dimensions;
  if (contents.size() < header || big_endian(contents, 0) != magic) {
    throw DamagedFile(file, "is not an IDX file of the right kind", fmt::format("it must begin with 0x{:08x}", magic));
  }
  std::vector<std::int64_t> extents;
  std::int64_t expected = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    extents.push_back(big_endian(contents, 4 + 4 * i));
    expected *= extents.back();
  }
  const auto found = static_cast<std::int64_t>(contents.size() - header);
  if (found != expected)
    throw DamagedFile(file, fmt::format("holds {} bytes of data, its header says {}", found, expected));
  if (!sha256.empty() && sha256_hex(contents) != sha256) {
    throw DamagedFile(file, "its contents are not those that were published (SHA-256 differs)",
                      "reinstall the package dataset-fashion-mnist, or name another folder with --data DIR");
  }
  return extents;
}

}  // namespace

ImageSet read_idx(const std::filesystem::path& images, const std::filesystem::path& labels,
                  const std::string& images_sha256, const std::string& labels_sha256) {
  const std::string image_file = existing(images), label_file = existing(labels);
  const std::string image_contents = read_gzip(image_file), label_contents = read_gzip(label_file);
  const auto extents = check_header(image_file, image_contents, kImagesMagic, images_sha256);
  const auto label_extents = check_header(label_file, label_contents, kLabelsMagic, labels_sha256);
  if (extents[0] != label_extents[0] || extents[0] == 0) {
    throw DamagedFile(label_file,
                      fmt::format("has {} labels for {} images of {}", label_extents[0], extents[0], image_file));
  }
  if (extents[1] < 1 || extents[1] > kInputSize || extents[2] < 1 || extents[2] > kInputSize) {
    throw DamagedFile(image_file, fmt::format("has images of {}x{} pixels", extents[1], extents[2]),
                      "allowed: up to 32x32");
  }
  ImageSet set;
  set.channels = 1;
  set.height = extents[1];
  set.width = extents[2];
  set.pixels.assign(image_contents.begin() + 16, image_contents.end());
  set.labels.assign(label_contents.begin() + 8, label_contents.end());
  return set;
}

}  // namespace ldpsim::data
