// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ldpsim {

/// A published energy of a DRAM bit that dram.preset can name (arch_configs/technology/dram.yaml).
struct DramPreset {
  std::string name;
  double pj_per_bit = 0;
  std::string source, confidence, remark;
};

/// In the order of the file, which is read once.
const std::vector<DramPreset>& dram_presets();
/// Throws UserError at `where` naming the known ones.
const DramPreset& find_dram_preset(const std::string& name, const std::string& where);
/// What dram.preset says where dram.pj_per_bit was given as a number.
inline constexpr const char* kCustomDram = "custom";
/// That sources disagree, by how much, and how to see what depends on it.
std::string dram_disagreement();

}  // namespace ldpsim
