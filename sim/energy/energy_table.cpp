// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy_table.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

constexpr double kExactPerPicojoule = 1e9;
using Fields = std::map<std::string, std::string>;

std::string place(const std::string& file, const YAML::Node& node) {
  return fmt::format("{}:{}", file, node.Mark().line + 1);
}

void check_key(const std::string& file, const YAML::Node& key, const std::vector<std::string>& allowed) {
  const std::string& name = key.Scalar();
  if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) return;
  throw UserError(place(file, key), fmt::format("unknown key '{}'", name), allowed_hint(name, allowed));
}

/// One row of a table as texts; `subject` says what is priced and `figure` is the key of the price.
Fields fields(const std::string& file, const YAML::Node& row, const std::string& subject, const std::string& figure) {
  if (!row.IsMap())
    throw UserError(place(file, row), "a row must be 'key: value' pairs",
                    "write {" + subject + ": ..., " + figure + ": ..., source: ..., confidence: ...}");
  Fields texts;
  for (const auto& item : row) {
    check_key(file, item.first, {subject, figure, "source", "confidence", "assumed"});
    if (!item.second.IsScalar())
      throw UserError(place(file, item.first), fmt::format("'{}' must be a single value", item.first.Scalar()));
    texts[item.first.Scalar()] = item.second.Scalar();
  }
  for (const std::string& key : {subject, figure, std::string("source"), std::string("confidence")}) {
    if (texts[key].empty())
      throw UserError(place(file, row), fmt::format("the row lacks '{}'", key),
                      "every figure needs its source and confidence");
  }
  return texts;
}

double number(const Fields& texts, const std::string& key, const std::string& where) {
  return std::get<double>(
      parse_value({.key = key, .type = ValueType::kReal, .least = 0, .most = 1e9}, texts.at(key), where));
}

std::string choice(const Fields& texts, const std::string& key, const std::vector<std::string>& choices,
                   const std::string& where) {
  return std::get<std::string>(
      parse_value({.key = key, .type = ValueType::kText, .choices = choices}, texts.at(key), where));
}

const std::vector<std::string> kConfidences{"found", "memory", "derived"};

EnergyRow energy_row(const std::string& file, const YAML::Node& node) {
  const std::string where = place(file, node);
  Fields texts = fields(file, node, "action", "pj");
  EnergyRow row;
  std::vector<std::string> names;
  for (const ActionDoc& doc : action_docs()) {
    const bool dram = doc.action == Action::kDramRead || doc.action == Action::kDramWrite;
    if (dram && texts["action"] == doc.name)
      throw UserError(where, fmt::format("a table does not price '{}'", doc.name),
                      "the machine's key dram.pj_per_bit does");
    if (!dram) names.emplace_back(doc.name);
    if (texts["action"] == doc.name) row.action = doc.action;
  }
  choice(texts, "action", names, where);
  row.pj = number(texts, "pj", where);
  row.source = texts["source"];
  row.confidence = choice(texts, "confidence", kConfidences, where);
  row.assumed = texts["assumed"];
  return row;
}

LeakageRow leakage_row(const std::string& file, const YAML::Node& node) {
  const std::string where = place(file, node);
  Fields texts = fields(file, node, "part", "microwatt");
  LeakageRow row;
  row.part = choice(texts, "part", {"pe", "weight_buffer", "activation_buffer", "output_buffer"}, where);
  row.microwatt = number(texts, "microwatt", where);
  row.source = texts["source"];
  row.confidence = choice(texts, "confidence", kConfidences, where);
  row.assumed = texts["assumed"];
  return row;
}

YAML::Node parse(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    throw UserError(file, "cannot be read", "give energy.table a name out of arch_configs/energy/ or a YAML file");
  std::stringstream text;
  text << in.rdbuf();
  YAML::Node root;
  try {
    root = YAML::Load(text.str());
  } catch (const YAML::Exception& error) {
    throw UserError(fmt::format("{}:{}", file, error.mark.line + 1), "not valid YAML: " + error.msg);
  }
  if (!root.IsMap() || !root["energy"] || !root["energy"].IsSequence()) {
    throw UserError(file + ":1", "not an energy table",
                    "expected 'energy:' and one '- {action: ..., pj: ..., source: ..., confidence: ...}' a line");
  }
  for (const auto& item : root)
    check_key(file, item.first, {"name", "base", "technology", "description", "energy", "leakage"});
  return root;
}

std::string file_of(const std::string& table, const std::string& where) {
  if (table.find('/') != std::string::npos || table.ends_with(".yaml")) return table;
  const std::string file = data_directory("arch_configs") + "/energy/" + table + ".yaml";
  if (!std::filesystem::exists(file))
    throw UserError(where, fmt::format("no energy table named '{}'", table), allowed_hint(table, energy_table_names()));
  return file;
}

/// What a file and its base price; a row of the file takes the place of the base's row for the same thing.
struct Rows {
  std::string name;
  std::vector<EnergyRow> energy;
  std::vector<LeakageRow> leakage;
};

/// Adds a row of `file`, whose rows start at `own`, to those of its base.
template <typename Row, typename Key>
void add_row(std::vector<Row>& rows, std::vector<Key>& own, Row row, Key key, Key Row::*member,
             const std::string& where) {
  if (std::find(own.begin(), own.end(), key) != own.end()) throw UserError(where, "the row prices something twice");
  own.push_back(key);
  const auto same = std::find_if(rows.begin(), rows.end(), [&](const Row& other) { return other.*member == key; });
  if (same != rows.end()) {
    *same = std::move(row);
  } else {
    rows.push_back(std::move(row));
  }
}

Rows read_rows(const std::string& file, bool may_have_base) {
  const YAML::Node root = parse(file);
  Rows rows;
  if (const YAML::Node base = root["base"]) {
    if (!may_have_base) throw UserError(place(file, base), "the base of an energy table cannot have a base itself");
    rows = read_rows(file_of(base.Scalar(), place(file, base)), false);
  }
  rows.name = root["name"] ? root["name"].Scalar() : std::filesystem::path(file).stem().string();
  std::vector<Action> actions;
  for (const auto& node : root["energy"]) {
    const EnergyRow row = energy_row(file, node);
    add_row(rows.energy, actions, row, row.action, &EnergyRow::action, place(file, node));
  }
  std::vector<std::string> parts;
  for (const auto& node : root["leakage"] ? root["leakage"] : YAML::Node(YAML::NodeType::Sequence)) {
    const LeakageRow row = leakage_row(file, node);
    add_row(rows.leakage, parts, row, row.part, &LeakageRow::part, place(file, node));
  }
  return rows;
}

/// PEs, or KiB of a buffer.
double size_of(const std::string& part, const ArchSpec& arch, const PeArray& array) {
  if (part == "pe") return static_cast<double>(array.pes());
  return static_cast<double>(arch.integer("buffers." + part.substr(0, part.find('_')) + "_bytes")) / 1024;
}

}  // namespace

EnergyTable EnergyTable::of(const ArchSpec& arch, const PeArray& array) {
  EnergyTable table;
  table.file_ = file_of(arch.text("energy.table"), arch.file);
  Rows rows = read_rows(table.file_, true);
  table.name_ = std::move(rows.name);
  table.rows_ = std::move(rows.energy);
  table.leakage_rows_ = std::move(rows.leakage);
  table.frequency_mhz_ = arch.real("clock.frequency_mhz");
  table.include_leakage_ = arch.flag("energy.include_leakage");
  const auto set_price = [&](Action action, double pj) {
    table.prices_[static_cast<std::size_t>(action)] = std::llround(pj * kExactPerPicojoule);
  };
  for (const EnergyRow& row : table.rows_) set_price(row.action, row.pj);
  for (const Action action : {Action::kDramRead, Action::kDramWrite}) set_price(action, arch.real("dram.pj_per_bit"));
  for (const LeakageRow& row : table.leakage_rows_)
    table.leakage_microwatt_ += row.microwatt * size_of(row.part, arch, array);
  return table;
}

ExactEnergy EnergyTable::exact(const ActionCounts& counts) const {
  ExactEnergy energy = 0;
  for (const ActionDoc& doc : action_docs())
    energy += static_cast<ExactEnergy>(counts[doc.action]) * exact_price(doc.action);
  return energy;
}

Energy EnergyTable::price(const ActionCounts& counts, Cycles cycles) const {
  Energy energy;
  for (const ActionDoc& doc : action_docs()) {
    energy.pj[static_cast<std::size_t>(doc.action)] =
        picojoules(static_cast<ExactEnergy>(counts[doc.action]) * exact_price(doc.action));
  }
  energy.leakage_pj = leakage_microwatt_ * static_cast<double>(cycles) / frequency_mhz_;  // uW x us = pJ
  energy.total_pj = picojoules(exact(counts)) + (include_leakage_ ? energy.leakage_pj : 0);
  return energy;
}

std::string EnergyTable::canonical() const {
  std::string text = fmt::format("leakage_microwatt={}\n", leakage_microwatt_);
  for (const ActionDoc& doc : action_docs()) text += fmt::format("{}={}\n", doc.name, exact_price(doc.action));
  return text;
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
