// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <memory>

#include "sim/core/error.hpp"

namespace ldpsim::data {

std::string read_gzip(const std::filesystem::path& path) {
  const std::string file = path.string();
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) throw UserError(file, "no such file");
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> stream(gzopen(file.c_str(), "rb"), gzclose);
  if (!stream) throw DamagedFile(file, "cannot be opened");
  gzbuffer(stream.get(), 1u << 18);
  std::string contents, block(1u << 20, '\0');
  int got;
  while ((got = gzread(stream.get(), block.data(), static_cast<unsigned>(block.size()))) > 0) {
    contents.append(block, 0, static_cast<std::size_t>(got));
  }
  int code = Z_OK;
  const char* reason = gzerror(stream.get(), &code);
  if (got < 0 || code != Z_OK)
    throw DamagedFile(file, fmt::format("cannot be unzipped: {}", reason), "the file is cut short or damaged");
  return contents;
}

}  // namespace ldpsim::data
