// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/component_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "sim/arch/arch_spec.hpp"
#include "sim/arch/confidence.hpp"
#include "sim/arch/yaml_file.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

using Units = std::map<std::string, double>;  ///< factor to the unit that is computed with
const Units kEnergyUnits{{"fJ", 1e-3}, {"pJ", 1}, {"nJ", 1e3}};
const Units kPowerUnits{{"nW", 1e-3}, {"uW", 1}, {"mW", 1e3}};
const Units kAreaUnits{{"um2", 1e-6}, {"mm2", 1}};

constexpr double kLargestFigure = 1e9, kLargestVoltage = 5, kLargestNode = 1e4;

/// A row of the section whose subject (what it is about) has the key `subject`.
YamlRow yaml_row(const std::string& file, const YAML::Node& node, const std::string& subject, const std::string& unit,
                 std::vector<std::string> optional = {}) {
  optional.insert(optional.end(), {"assumed", "technology_nm", "voltage"});
  return {file,
          node,
          {subject, "value", "unit", "source", "confidence"},
          optional,
          "{" + subject + ": ..., value: ..., unit: " + unit + ", source: ..., confidence: ...}"};
}

/// A node at its nominal supply.
Technology nominal(double nm, const std::string& where) {
  TechnologyScaling::instance().check(nm, where);
  return {nm, TechnologyScaling::instance().nominal_voltage(nm)};
}

Technology technology_of(const YamlRow& row, const Technology& otherwise) {
  Technology technology = otherwise;
  if (row.has("technology_nm")) {
    technology.nm = row.number("technology_nm", 1, kLargestNode);
    if (!row.has("voltage")) technology = nominal(technology.nm, row.where());
  }
  if (row.has("voltage")) technology.voltage = row.number("voltage", 0.1, kLargestVoltage);
  return technology;
}

/// Fills what is common to all rows; returns the value in the unit that is computed with.
double read_common(ComponentRow& component, const YamlRow& row, const Units& units, const Technology& technology) {
  std::vector<std::string> names;
  for (const auto& [name, factor] : units) names.push_back(name);
  component.value = row.number("value", 0, kLargestFigure);
  component.unit = row.choice("unit", names);
  component.source = row.text("source");
  component.confidence = row.choice("confidence", confidences());
  component.assumed = row.text("assumed");
  component.origin = technology_of(row, technology);
  component.where = row.where();
  return component.value * units.at(component.unit);
}

EnergyRow energy_row(const std::string& file, const YAML::Node& node, const Technology& technology) {
  const YamlRow yaml = yaml_row(file, node, "action", "pJ");
  EnergyRow row;
  std::vector<std::string> names;
  for (const ActionDoc& doc : action_docs()) {
    const bool dram = doc.action == Action::kDramRead || doc.action == Action::kDramWrite;
    if (doc.action == Action::kQuietCycle) continue;  // its price is that of the array's cycles
    if (dram && yaml.text("action") == doc.name)
      throw UserError(yaml.where(), fmt::format("a table does not price '{}'", doc.name),
                      "the machine's key dram.pj_per_bit does");
    if (!dram) names.emplace_back(doc.name);
    if (yaml.text("action") == doc.name) row.action = doc.action;
  }
  yaml.choice("action", names);
  row.pj = read_common(row, yaml, kEnergyUnits, technology);
  return row;
}

LeakageRow leakage_row(const std::string& file, const YAML::Node& node, const Technology& technology) {
  const YamlRow yaml = yaml_row(file, node, "part", "uW");
  LeakageRow row;
  row.part = yaml.choice("part", {"pe", "weight_buffer", "activation_buffer", "output_buffer"});
  row.microwatt = read_common(row, yaml, kPowerUnits, technology);
  return row;
}

AreaRow area_row(const std::string& file, const YAML::Node& node, const Technology& technology) {
  const YamlRow yaml = yaml_row(file, node, "part", "um2", {"pes"});
  AreaRow row;
  row.part = yaml.choice("part", {"pe", "weight_buffer", "activation_buffer", "output_buffer", "rest", "chip"});
  row.mm2 = read_common(row, yaml, kAreaUnits, technology);
  if ((row.part == "chip") != yaml.has("pes"))
    throw UserError(yaml.where(), "'pes' belongs to the row of a chip", "it says for how many PEs its area holds");
  if (yaml.has("pes")) row.pes = static_cast<std::int64_t>(yaml.number("pes", 1, kLargestFigure));
  return row;
}

YAML::Node parse_table(const std::string& file) {
  const YAML::Node root = read_yaml(file, "give energy.table a name out of arch_configs/energy/ or a YAML file");
  if (!root.IsMap() || !root["energy"] || !root["energy"].IsSequence()) {
    throw UserError(file + ":1", "not an energy table",
                    "expected 'energy:' and one '- {action: ..., value: ..., unit: pJ, source: ..., confidence: ...}' "
                    "a line");
  }
  check_yaml_keys(file, root, {"name", "base", "technology_nm", "voltage", "description", "energy", "leakage", "area"});
  return root;
}

std::string table_file(const std::string& table, const std::string& where) {
  if (names_yaml_file(table)) return table;
  const std::string file = data_directory("arch_configs") + "/energy/" + table + ".yaml";
  if (!std::filesystem::exists(file))
    throw UserError(where, fmt::format("no energy table named '{}'", table), allowed_hint(table, energy_table_names()));
  return file;
}

/// Adds the rows of one section of `file` to those of its base.
template <typename Row, typename Key, typename Read>
void add_section(std::vector<Row>& rows, const YAML::Node& section, Key Row::*member, const Read& read) {
  std::vector<Key> own;
  for (const auto& node : section) {
    Row row = read(node);
    const Key key = row.*member;
    if (std::find(own.begin(), own.end(), key) != own.end())
      throw UserError(row.where, "the row prices something twice");
    own.push_back(key);
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const Row& other) { return other.*member == key; });
    if (same != rows.end()) {
      *same = std::move(row);
    } else {
      rows.push_back(std::move(row));
    }
  }
}

/// The process that a file states, or that of its base.
Technology stated_technology(const std::string& file, const YAML::Node& root, const Technology& base) {
  YAML::Node stated(YAML::NodeType::Map);
  for (const char* key : {"technology_nm", "voltage"}) {
    if (root[key]) stated[key] = root[key];
  }
  return technology_of(YamlRow(file, stated, {}, {"technology_nm", "voltage"}, "technology_nm: ..."), base);
}

/// Drops what the base says of its own PEs if the file has others, which shows by their price.
void drop_other_pes(ComponentTable& table, const YAML::Node& energy) {
  const std::string pe_price = action_docs()[static_cast<std::size_t>(Action::kArrayCycle)].name;
  const auto prices_pe = [&](const YAML::Node& row) {
    return row.IsMap() && row["action"] && row["action"].IsScalar() && row["action"].Scalar() == pe_price;
  };
  if (std::none_of(energy.begin(), energy.end(), prices_pe)) return;
  std::erase_if(table.leakage, [](const LeakageRow& row) { return row.part == "pe"; });
  std::erase_if(table.area, [](const AreaRow& row) { return !row.part.ends_with("_buffer"); });
}

ComponentTable read_file(const std::string& file, bool may_have_base) {
  const YAML::Node root = parse_table(file);
  ComponentTable table;
  if (const YAML::Node base = root["base"]) {
    if (!may_have_base)
      throw UserError(yaml_place(file, base), "the base of an energy table cannot have a base itself");
    const std::string name = names_yaml_file(base.Scalar()) ? beside_file(file, base.Scalar()) : base.Scalar();
    table = read_file(table_file(name, yaml_place(file, base)), false);
    drop_other_pes(table, root["energy"]);
  }
  table.file = file;
  table.name = root["name"] ? root["name"].Scalar() : std::filesystem::path(file).stem().string();
  table.technology = table.file_origin = stated_technology(file, root, table.technology);
  const auto reader = [&](auto read) {
    return [&, read](const YAML::Node& node) { return read(file, node, table.technology); };
  };
  add_section(table.energy, root["energy"], &EnergyRow::action, reader(energy_row));
  add_section(table.leakage, root["leakage"], &LeakageRow::part, reader(leakage_row));
  add_section(table.area, root["area"], &AreaRow::part, reader(area_row));
  return table;
}

/// Whether a row has to be brought from its own process to that of the table; throws if one of them is not known.
bool differs(const ComponentRow& row, const ComponentTable& table) {
  if (row.origin == table.technology) return false;
  if (row.origin.nm == 0 || table.technology.nm == 0)
    throw UserError(row.where, "the figure cannot be rescaled: its process is not known",
                    "state 'technology_nm' in the table");
  TechnologyScaling::instance().check(row.origin.nm, row.where);
  TechnologyScaling::instance().check(table.technology.nm, table.file);
  return true;
}

}  // namespace

ComponentTable read_component_table(const std::string& name, const std::string& where, double target_nm) {
  ComponentTable table = read_file(table_file(name, where), true);
  if (target_nm != 0) table.technology = nominal(target_nm, "energy.technology_nm");
  for (EnergyRow& row : table.energy) {
    if (differs(row, table)) row.factor = TechnologyScaling::instance().energy_factor(row.origin, table.technology);
    row.pj *= row.factor;
  }
  for (AreaRow& row : table.area) {
    if (differs(row, table)) row.factor = TechnologyScaling::instance().area_factor(row.origin.nm, table.technology.nm);
    row.mm2 *= row.factor;
  }
  return table;
}

std::vector<std::string> energy_table_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(data_directory("arch_configs") + "/energy")) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ldpsim
