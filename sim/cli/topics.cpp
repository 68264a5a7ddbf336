// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/topics.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/arch/actions.hpp"
#include "sim/arch/arch_spec.hpp"
#include "sim/arch/dram_presets.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/cli/listing_columns.hpp"
#include "sim/energy/energy_table.hpp"
#include "sim/ledger/columns.hpp"
#include "sim/model/accelerator.hpp"
#include "sim/replay/columns.hpp"
#include "sim/reproduce/tables.hpp"
#include "sim/validate/validate.hpp"

namespace ldpsim::cli {
namespace {

/// The published prices of a DRAM bit, a line each.
std::string dram_prices() {
  std::string text;
  for (const DramPreset& preset : dram_presets())
    text += fmt::format("\n  {} = {} pJ/bit, {}: {}{}", preset.name, preset.pj_per_bit, preset.confidence,
                        preset.source, preset.remark.empty() ? "" : "; " + preset.remark);
  return text;
}

std::string allowed_of(const Parameter& p) {
  if (p.key != "dram.preset") return range_text(p);
  std::string names = kCustomDram;
  for (const DramPreset& preset : dram_presets()) names += "|" + preset.name;
  return names;
}

Topic topic_of(const Parameter& p, const std::string& used_by) {
  const bool dram = p.key == "dram.pj_per_bit" || p.key == "dram.preset";
  return {.name = p.key,
          .what = "key of a machine",
          .unit = p.unit,
          .initial = p.initial ? value_text(*p.initial) : "none, it must be given",
          .allowed = allowed_of(p),
          .doc = p.doc + (dram ? "; " + dram_disagreement() + "\n  dram.preset knows" + dram_prices() : ""),
          .used_by = used_by};
}

/// "bitfusion: 0.459 pJ, found: <source>" for every machine whose table prices the action.
std::string prices_of(Action action) {
  std::string text;
  for (const std::string& name : arch_names()) {
    const ArchSpec arch = load_arch(name);
    const EnergyTable table = EnergyTable::of(arch, *make_pe_array(arch));
    for (const EnergyRow& row : table.rows()) {
      if (row.action != action) continue;
      text += fmt::format("\n  {} ({}): {}", name, table.name(), row_text(row, row.pj, "pJ"));
    }
    if (action == Action::kDramRead || action == Action::kDramWrite)
      text += fmt::format("\n  {}: {} pJ (key dram.pj_per_bit)", name, arch.real("dram.pj_per_bit"));
  }
  return text;
}

enum class SameName { kSaidAlready, kMeansAnotherThing };

void add_columns(std::vector<Topic>& topics, const std::vector<ColumnDoc>& docs, const std::string& what,
                 SameName same_name = SameName::kSaidAlready) {
  for (const ColumnDoc& column : docs) {
    const auto same = [&](const Topic& topic) { return topic.name == column.name; };
    if (same_name == SameName::kSaidAlready && std::any_of(topics.begin(), topics.end(), same)) continue;
    topics.push_back({.name = column.name,
                      .what = what,
                      .unit = column.unit,
                      .initial = {},
                      .allowed = {},
                      .doc = column.doc,
                      .used_by = {}});
  }
}

}  // namespace

std::string row_text(const ComponentRow& row, double figure, const std::string& unit) {
  const std::string origin =
      row.factor == 1 ? ""
                      : fmt::format(" ({} {} at {}, x {:.4g})", row.value, row.unit, text_of(row.origin), row.factor);
  return fmt::format("{:.4g} {}{}, {}: {}{}", figure, unit, origin, row.confidence, row.source,
                     row.assumed.empty() ? "" : "; assumed: " + row.assumed);
}

std::vector<Topic> all_topics() {
  std::vector<Topic> topics;
  for (const Parameter& parameter : common_parameters()) topics.push_back(topic_of(parameter, "every machine"));
  for (const PeArrayKind& kind : PeArrayRegistry::instance().kinds()) {
    for (const Parameter& parameter : kind.parameters)
      topics.push_back(topic_of(parameter, "machines with array.kind " + kind.kind));
  }
  for (const ActionDoc& action : action_docs()) {
    topics.push_back({.name = action.name,
                      .what = "action, counted by every model and priced by energy tables; column of result tables",
                      .unit = action.unit,
                      .initial = {},
                      .allowed = {},
                      .doc = action.doc,
                      .used_by = prices_of(action.action)});
  }
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    const Cause cause = static_cast<Cause>(i);
    topics.push_back({.name = name_of(cause),
                      .what = fmt::format("cause of cycles, exactly one a cycle; column {}_cycles", name_of(cause)),
                      .unit = "cycle",
                      .initial = {},
                      .allowed = {},
                      .doc = doc_of(cause),
                      .used_by = {}});
  }
  add_columns(topics, column_docs(), "column of result tables");
  add_columns(topics, ledger_column_docs(), "column of the tables of bitops");
  add_columns(topics, reproduced_column_docs(), "column of the tables of reproduce");
  add_columns(topics, listing_column_docs(), "column of the tables of list, trace info or diff");
  add_columns(topics, validation_column_docs(), "column of the table of validate", SameName::kMeansAnotherThing);
  return topics;
}

}  // namespace ldpsim::cli
