// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>

#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"

namespace ldpsim::data {
namespace {

constexpr const char* kDownloadAgain = "download it again";

using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;

[[noreturn]] void cannot_unpack(const std::filesystem::path& file, const Reader& reader) {
  const char* why = archive_error_string(reader.get());
  throw DamagedFile(file.string(), fmt::format("cannot be unpacked: {}", why == nullptr ? "no reason known" : why),
                    kDownloadAgain);
}

std::string member(const std::filesystem::path& file, const Reader& reader) {
  std::string contents;
  std::string block(1 << 20, '\0');
  la_ssize_t size = 0;
  while ((size = archive_read_data(reader.get(), block.data(), block.size())) > 0)
    contents.append(block, 0, static_cast<std::size_t>(size));
  if (size < 0) cannot_unpack(file, reader);
  return contents;
}

}  // namespace

std::map<std::string, std::string> read_published_archive(const std::filesystem::path& file, const std::string& md5,
                                                          const std::vector<std::string>& members) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (const std::string found = md5_hex(bytes); found != md5)
    throw DamagedFile(file.string(), fmt::format("its MD5 is {}, that of the published archive {}", found, md5),
                      kDownloadAgain);
  const Reader reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_all(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) cannot_unpack(file, reader);
  std::map<std::string, std::string> found;
  archive_entry* entry = nullptr;
  int state = ARCHIVE_OK;
  while ((state = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    const char* path = archive_entry_pathname(entry);
    const std::string name = std::filesystem::path(path == nullptr ? "" : path).filename().string();
    if (std::find(members.begin(), members.end(), name) != members.end()) found[name] = member(file, reader);
  }
  if (state != ARCHIVE_EOF) cannot_unpack(file, reader);
  for (const std::string& name : members) {
    if (!found.contains(name)) throw DamagedFile(file.string(), "has no member " + name, kDownloadAgain);
  }
  return found;
}

}  // namespace ldpsim::data
