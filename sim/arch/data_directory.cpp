// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "sim/arch/arch_spec.hpp"
#include "sim/core/error.hpp"

namespace ldpsim {

namespace fs = std::filesystem;

std::string data_directory(const std::string& name) {
  std::error_code failed;
  if (const char* data = std::getenv("LDPSIM_DATA"); data != nullptr && *data != '\0') {
    const fs::path directory = fs::path(data) / name;
    if (fs::is_directory(directory, failed)) return directory.string();
    if (!fs::is_directory(data, failed))  // else it holds what is trained on, and nothing of the simulator's
      throw UserError(directory.string(), "no such folder",
                      "LDPSIM_DATA must name the folder that holds " + name + "/");
  }
  const fs::path program = fs::read_symlink("/proc/self/exe", failed).parent_path();
  // build/bin and build/tests lie two folders below the sources; an installed program lies in PREFIX/bin
  const std::array places{program / "../.." / name, program / "../share/ldpsim" / name};
  for (const fs::path& place : places) {
    if (fs::is_directory(place)) return fs::weakly_canonical(place).string();
  }
  throw UserError(name, "the data folder is neither in the source tree nor in share/ldpsim beside the program",
                  "set LDPSIM_DATA to the folder that holds " + name + "/");
}

std::vector<std::string> arch_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(data_directory("arch_configs"))) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ldpsim
