// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/dram_presets.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/arch/arch_spec.hpp"
#include "sim/arch/confidence.hpp"
#include "sim/arch/yaml_file.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

std::vector<DramPreset> read_dram_presets() {
  const std::string file = data_directory("arch_configs") + "/technology/dram.yaml";
  const YAML::Node root = read_yaml(file, "it holds the presets of dram.preset");
  check_yaml_keys(file, root, {"description", "presets"});
  std::vector<DramPreset> presets;
  for (const auto& node : root["presets"]) {
    const YamlRow row(file, node, {"name", "value", "unit", "source", "confidence"}, {"remark"},
                      "{name: ..., value: ..., unit: pJ/bit, source: ..., confidence: ...}");
    row.choice("unit", {"pJ/bit"});
    presets.push_back({.name = row.text("name"),
                       .pj_per_bit = row.number("value", 0, 1e6),
                       .source = row.text("source"),
                       .confidence = row.choice("confidence", confidences()),
                       .remark = row.text("remark")});
  }
  if (presets.empty()) throw UserError(file, "has no presets");
  return presets;
}

}  // namespace

const std::vector<DramPreset>& dram_presets() {
  static const std::vector<DramPreset> kPresets = read_dram_presets();
  return kPresets;
}

const DramPreset& find_dram_preset(const std::string& name, const std::string& where) {
  std::vector<std::string> names{kCustomDram};
  for (const DramPreset& preset : dram_presets()) {
    if (preset.name == name) return preset;
    names.push_back(preset.name);
  }
  throw UserError(where, fmt::format("'dram.preset' is '{}'", name), allowed_hint(name, names));
}

std::string dram_disagreement() {
  const auto [least, most] =
      std::minmax_element(dram_presets().begin(), dram_presets().end(),
                          [](const DramPreset& a, const DramPreset& b) { return a.pj_per_bit < b.pj_per_bit; });
  return fmt::format(
      "published figures run from {} ({}) to {} ({}), {:.2g}-fold, and decide many comparisons: sweep them with --grid "
      "dram.pj_per_bit=4,8,15,20",
      least->pj_per_bit, least->name, most->pj_per_bit, most->name, most->pj_per_bit / least->pj_per_bit);
}

}  // namespace ldpsim
