// SPDX-License-Identifier: Apache-2.0
#include "sim/core/file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "sim/core/error.hpp"

namespace ldpsim {

void write_file(const std::string& file, std::string_view bytes) {
  const std::string unfinished = fmt::format("{}.{}.new", file, ::getpid());
  std::FILE* const stream = std::fopen(unfinished.c_str(), "wb");
  bool good = stream != nullptr;
  if (good) good = std::fwrite(bytes.data(), 1, bytes.size(), stream) == bytes.size();
  int reason = good ? 0 : errno;
  if (stream != nullptr && std::fclose(stream) != 0 && good) {
    good = false;
    reason = errno;
  }
  if (good && std::rename(unfinished.c_str(), file.c_str()) != 0) {
    good = false;
    reason = errno;
  }
  if (good) return;
  std::remove(unfinished.c_str());
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
  throw DamagedFile(file, fmt::format("cannot be written: {}", std::strerror(reason)),
                    full ? "free some space and run the command again" : "check the folder and its permissions");
}

void make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (std::filesystem::is_directory(folder)) return;
  if (std::filesystem::exists(folder)) throw UserError(folder, "is not a folder", "choose another name");
  throw DamagedFile(folder, fmt::format("the folder cannot be made: {}", error.message()),
                    "check the folder above and its permissions");
}

}  // namespace ldpsim
