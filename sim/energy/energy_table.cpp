// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/arch/dram_presets.hpp"

namespace ldpsim {
namespace {

constexpr double kExactPerPicojoule = 1e9;

}  // namespace

EnergyTable EnergyTable::of(const ArchSpec& arch, const PeArray& array) {
  EnergyTable table;
  table.components_ =
      read_component_table(arch.text("energy.table"), arch.place_of("energy.table"), arch.real("energy.technology_nm"));
  table.area_ = area_of(table.components_, arch, array);
  table.dram_pj_per_bit_ = arch.real("dram.pj_per_bit");
  table.frequency_mhz_ = arch.real("clock.frequency_mhz");
  table.include_leakage_ = arch.flag("energy.include_leakage");
  const auto set_price = [&](Action action, double pj) {
    table.prices_[static_cast<std::size_t>(action)] = std::llround(pj * kExactPerPicojoule);
    table.priced_[static_cast<std::size_t>(action)] = true;
  };
  for (const EnergyRow& row : table.rows()) {
    set_price(row.action, row.pj);
    if (row.action == Action::kArrayCycle) set_price(Action::kQuietCycle, -row.pj * arch.real("energy.activity_share"));
  }
  for (const Action action : {Action::kDramRead, Action::kDramWrite}) set_price(action, table.dram_pj_per_bit_);
  for (const LeakageRow& row : table.leakage_rows())
    table.leakage_microwatt_ += row.microwatt * part_units(row.part, arch, array);
  return table;
}

ExactEnergy EnergyTable::exact(const ActionCounts& counts) const {
  ExactEnergy energy = 0;
  for (const ActionDoc& doc : action_docs())
    energy += static_cast<ExactEnergy>(counts[doc.action]) * exact_price(doc.action);
  return energy;
}

Energy EnergyTable::price(const ActionTotals& counts, Total cycles) const {
  Energy energy;
  ExactEnergy all = 0;
  for (const ActionDoc& doc : action_docs()) {
    const ExactEnergy part = counts[doc.action] * exact_price(doc.action);
    energy.pj[static_cast<std::size_t>(doc.action)] = picojoules(part);
    all += part;
  }
  energy.leakage_pj = leakage_microwatt_ * static_cast<double>(cycles) / frequency_mhz_;  // uW x us = pJ
  energy.total_pj = picojoules(all) + (include_leakage_ ? energy.leakage_pj : 0);
  return energy;
}

std::string EnergyTable::canonical() const {
  const auto area = [](const std::optional<double>& mm2) { return mm2 ? fmt::format("{}", *mm2) : "unknown"; };
  std::string text = fmt::format("leakage_microwatt={}\narea_mm2={},{},{}\n", leakage_microwatt_, area(area_.array_mm2),
                                 area(area_.buffers_mm2), area(area_.total_mm2));
  for (const ActionDoc& doc : action_docs()) text += fmt::format("{}={}\n", doc.name, exact_price(doc.action));
  return text;
}

std::string EnergyTable::technology_text() const {
  const Technology& here = components_.technology;
  const Technology& there = components_.file_origin;
  if (here.nm == 0) return "of a process that its table does not state";
  const auto moved = [](const ComponentRow& row) { return row.factor != 1; };
  const auto others = std::count_if(rows().begin(), rows().end(), moved) +
                      std::count_if(components_.area.begin(), components_.area.end(), moved);
  std::string text = "at " + text_of(here);
  if (here == there && others == 0) return text;
  const TechnologyScaling& rule = TechnologyScaling::instance();
  const std::string by = fmt::format("rescaled by {}{}", rule.name(), rule.interpolation_text(here.nm));
  if (here == there) return text + fmt::format(", {} rows of the table from other processes {}", others, by);
  return text + fmt::format(
                    ", {} from {}: energy x {:.4g}, area x {:.4g}; the clock and so the cycles are kept (the "
                    "rule's delay x {:.4g}), leakage and DRAM energy are not rescaled",
                    by, text_of(there), rule.energy_factor(there, here), rule.area_factor(there.nm, here.nm),
                    rule.delay_factor(there, here));
}

std::vector<std::string> EnergyTable::notes() const {
  return {fmt::format("energy and area: table {} {}", name(), technology_text()), "area: " + area_.text,
          fmt::format("DRAM: {} pJ a bit (dram.pj_per_bit); {}", dram_pj_per_bit_, dram_disagreement())};
}

}  // namespace ldpsim
