// SPDX-License-Identifier: Apache-2.0
#include "sim/core/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

/// Follows links by hand: the standard library stops at one whose target is not there yet.
std::filesystem::path link_target(const std::string& file) {
  constexpr int kMostLinks = 40;  // as Linux
  std::filesystem::path path = file;
  std::error_code ignored;
  for (int links = 0; std::filesystem::is_symlink(path, ignored); ++links) {
    if (links == kMostLinks) throw UserError(file, "its links lead in a circle", "choose another name");
    path = path.parent_path() / std::filesystem::read_symlink(path, ignored);
  }
  return path;
}

}  // namespace

std::string output_target(const std::string& file, std::span<const std::string> inputs) {
  const std::string target = link_target(file).string();
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(target, ignored);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status))
    throw UserError(file, "is not a regular file", "choose another name");
  for (const std::string& input : inputs) {
    if (std::filesystem::equivalent(target, input, ignored))
      throw UserError(file, "is an input of this command, writing it would destroy it", "choose another name");
  }
  return target;
}

std::string unfinished_name(const std::string& target) {
  std::random_device random;  // a process's number is that of another on the next machine
  return fmt::format("{}.{}-{:08x}.new", target, ::getpid(), random());
}

bool publish_new(const std::string& unfinished, const std::string& target, const std::string& shown) {
  // Disks that know no such renaming mostly know hard links, which never replace anything either.
  if (::renameat2(AT_FDCWD, unfinished.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EINVAL || errno == ENOSYS) {
    if (::link(unfinished.c_str(), target.c_str()) == 0) {
      ::unlink(unfinished.c_str());
      return true;
    }
  }
  if (errno == EEXIST) return false;
  throw DamagedFile(shown, fmt::format("cannot be written: {}", std::strerror(errno)),
                    "check the folder and its permissions");
}

void write_file(const std::string& file, std::string_view bytes) {
  const std::string target = output_target(file);
  const std::string unfinished = unfinished_name(target);
  std::FILE* const stream = std::fopen(unfinished.c_str(), "wb");
  bool good = stream != nullptr;
  if (good) good = std::fwrite(bytes.data(), 1, bytes.size(), stream) == bytes.size();
  int reason = good ? 0 : errno;
  if (stream != nullptr && std::fclose(stream) != 0 && good) {
    good = false;
    reason = errno;
  }
  if (good && std::rename(unfinished.c_str(), target.c_str()) != 0) {
    good = false;
    reason = errno;
  }
  if (good) return;
  std::remove(unfinished.c_str());
  const bool full = reason == ENOSPC || reason == EDQUOT || reason == EFBIG;
  throw DamagedFile(file, fmt::format("cannot be written: {}", std::strerror(reason)),
                    full ? "free some space and run the command again" : "check the folder and its permissions");
}

void require_free(const std::string& file, std::string_view bytes, const std::string& hint) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) return;
  const bool same_size = std::filesystem::file_size(output_target(file), ignored) == bytes.size();
  std::ifstream stream(file, std::ios::binary);
  if (same_size && std::equal(bytes.begin(), bytes.end(), std::istreambuf_iterator<char>(stream))) return;
  throw UserError(file, "the file exists already", hint);
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
