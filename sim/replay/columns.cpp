// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/columns.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/replay/verify.hpp"

namespace ldpsim {
namespace {

/// A part of the machine whose energy has a column of its own.
struct Component {
  const char* name;
  std::vector<Action> actions;
  const char* doc;
};

const std::vector<Component>& components() {
  static const std::vector<Component> kComponents{
      {"array", {Action::kArrayCycle, Action::kQuietCycle, Action::kTerm, Action::kSkippedTerm}, "PEs at work"},
      {"weight_buffer", {Action::kWeightBufferRead, Action::kWeightBufferWrite}, "the stationary operand's buffer"},
      {"activation_buffer",
       {Action::kActivationBufferRead, Action::kActivationBufferWrite},
       "the moving operand's buffer"},
      {"output_buffer",
       {Action::kOutputBufferRead, Action::kOutputBufferWrite},
       "the buffer of partial sums and results"},
      {"register", {Action::kRegister}, "operand registers beside the PEs"},
      {"dram", {Action::kDramRead, Action::kDramWrite}, "DRAM and its interface"},
      {"correction", {Action::kCorrectionAdd}, "sums of codes, which offsets need"},
      {"rescale", {Action::kRescale}, "scaling of partial sums, one scale group each"},
      {"accumulator_spill", {Action::kAccumulatorSpill}, "partial sums drained because the accumulator is narrow"},
      {"vector", {Action::kVectorOperation}, "the vector unit, of the rows update and vector"},
      {"table", {Action::kTableAdd, Action::kTableWrite}, "building look-up tables"},
  };
  return kComponents;
}

std::string energy_column(const Component& component) { return std::string("energy_") + component.name + "_pj"; }

std::vector<ColumnDoc> label_docs() {
  return {
      {"run", "", "the trace that was replayed"},
      {"arch", "", "the machine"},
      {"rescale", "",
       "free: backward-data is charged as a plain GEMM; per_group: it is charged for the scale of every weight "
       "channel"},
      {"phase", "",
       "training (the passes asked for, over all iterations) or inference (forward at the last iteration's bits)"},
      {"technology_nm", "nm", "process of energy and area; empty: the table does not state it"},
      {"area_confidence", "",
       "how well the least founded figure of the area is founded: found in its source, ..., assumed"},
      {"precision", "", "schedule: the bits of the trace; static: every operand at the trace's static_bits"},
      {"batch", "image", "images that pass through the network together"},
      {"iterations", "", "iterations that the row sums up"},
      {"layer", "", "name of the layer; all: every layer; total: the sum of the machine's rows"},
      {"pass", "",
       "forward, backward_data or backward_weight; all: their sum; update, vector: what training does beside "
       "multiply-accumulates; step: all of it"},
      {"weight_bits", "bit", "precision of the weights; in a replay the mean over the iterations"},
      {"activation_bits", "bit", "precision of the activations; in a replay the mean over the iterations"},
      {"gradient_bits", "bit", "precision of the gradients; in a replay the mean over the iterations"},
      {"static_bits", "bit", "the precision that savings and relative costs refer to"},
      {"claimed_saving_percent", "%",
       "100 x (1 - GBitOPs / GBitOPs at static bits), as publications count: three passes of every layer"},
      {"cycles_saving_percent", "%", "100 x (1 - cycles / cycles at static bits on the same machine)"},
      {"energy_saving_percent", "%", "100 x (1 - energy / energy at static bits on the same machine)"},
      {"cycles_saving_low_percent", "%",
       "lower end of the 95 % confidence interval of cycles_saving_percent, both estimates moved to the same side"},
      {"cycles_saving_high_percent", "%", "upper end of it"},
      {"step_cycles_saving_percent", "%", "cycles_saving_percent with the rows update and vector counted in"},
      {"step_energy_saving_percent", "%", "energy_saving_percent with the rows update and vector counted in"},
      {"metric", "", "what a gap is in: cycles or energy"},
      {"cause", "", "why claimed and realised saving differ; explained in the column why"},
      {"share_points", "%",
       "percentage points of saving that are lost to a cause (negative: gained); the shares add up to claimed minus "
       "realised saving"},
      {"saving_after_percent", "%", "saving that is left after this cause and those above it"},
      {"why", "", "the cause in a sentence"},
      {"static_cycles", "cycle", "cycles of the same work at static bits"},
      {"static_energy_pj", "pJ", "energy of the same work at static bits"},
      {"inference_cycles", "cycle", "cycles of one forward pass over a batch at the last iteration's bits"},
      {"inference_energy_pj", "pJ", "energy of one forward pass over a batch at the last iteration's bits"},
      {"inference_time_s", "s", "time of one forward pass over a batch at the last iteration's bits"},
      {"settings", "", "what the point of a sweep sets, key=value"},
      {"error", "", "why the point has no result"},
  };
}

std::vector<ColumnDoc> make_docs() {
  std::vector<ColumnDoc> docs = label_docs();
  docs.insert(docs.end(), verify_column_docs().begin(), verify_column_docs().end());
  docs.push_back(
      {"macs", "MAC", "multiply-accumulates of the layers, padding included, whatever the machine makes of them"});
  docs.push_back({"gbitops", "1e9 bit operations", "macs x bits x bits of the two operands"});
  docs.push_back({"cycles", "cycle", "simulated clock cycles; the sum of the columns of causes"});
  docs.push_back(
      {"bound_cycles", "cycle", "closed form: compute cycles and traffic with ideal overlap; never above cycles"});
  for (std::size_t i = 0; i < kCauseCount; ++i) {
    const Cause cause = static_cast<Cause>(i);
    docs.push_back({std::string(name_of(cause)) + "_cycles", "cycle", std::string("cycles in which ") + doc_of(cause)});
  }
  docs.push_back({"utilization", "", "compute_cycles / cycles"});
  for (const ActionDoc& action : action_docs()) docs.push_back({action.name, action.unit, action.doc});
  docs.push_back({"energy_pj", "pJ", "sum of the columns of parts; of leakage only with energy.include_leakage"});
  for (const Component& component : components())
    docs.push_back(
        {energy_column(component), "pJ", std::string(component.doc) + "; empty: the energy table has no price"});
  docs.push_back({"energy_leakage_pj", "pJ",
                  "leakage over the cycles, where the energy table has it; part of energy_pj only with "
                  "energy.include_leakage"});
  docs.push_back({"time_s", "s", "cycles / clock.frequency_mhz"});
  docs.push_back({"area_mm2", "mm2",
                  "area of the machine: array, buffers and, where known, the rest; or the published chip; empty: not "
                  "known"});
  docs.push_back({"area_array_mm2", "mm2", "area of the PEs; empty: not known"});
  docs.push_back({"area_buffers_mm2", "mm2", "area of the three buffers; empty: not known"});
  docs.push_back({"area_rest_mm2", "mm2", "area of control, interconnect and pads; empty: not known"});
  const char* interval = "; empty where cycles do not depend on operand values, and with a single capture";
  docs.push_back(
      {"cycles_low", "cycle", std::string("lower end of the 95 % confidence interval of cycles") + interval});
  docs.push_back({"cycles_high", "cycle", std::string("upper end of it") + interval});
  docs.push_back({"low_energy_pj", "pJ", std::string("energy_pj at the lower end of cycles") + interval});
  docs.push_back({"high_energy_pj", "pJ", std::string("energy_pj at the upper end of cycles") + interval});
  docs.push_back({"captures", "iteration",
                  "captured iterations that the figure rests on, the fewest of any layer and pass in it; empty where "
                  "cycles do not depend on operand values"});
  return docs;
}

bool vain(const Cell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return *count == 0;
  if (const auto* real = std::get_if<double>(&cell)) return *real == 0;
  if (const auto* text = std::get_if<std::string>(&cell)) return text->empty();
  return true;
}

}  // namespace

const std::vector<ColumnDoc>& column_docs() {
  static const std::vector<ColumnDoc> kDocs = make_docs();
  return kDocs;
}

const std::vector<std::string>& cost_columns() {
  static const std::vector<std::string> kColumns = [] {
    std::vector<std::string> columns;
    for (const ColumnDoc& doc : column_docs()) columns.push_back(doc.name);
    columns.erase(columns.begin(), std::find(columns.begin(), columns.end(), "macs"));
    return columns;
  }();
  return kColumns;
}

Cell cell_of(const std::optional<double>& figure) {
  Cell cell;
  if (figure) cell = *figure;
  return cell;
}

Cell count_cell(Total count) {
  const auto narrow = static_cast<std::int64_t>(count);
  if (narrow == count) return narrow;
  return static_cast<double>(count);
}

std::vector<Cell> cost_cells(const Machine& machine, const PassCost& cost, __int128 bit_operations) {
  const Total cycles = cost.cycles();
  std::vector<Cell> cells;
  cells.push_back(count_cell(cost.macs));
  cells.emplace_back(gbitops(bit_operations));
  cells.push_back(count_cell(cycles));
  cells.push_back(count_cell(cost.bound_cycles));
  for (const Total part : cost.stack.cycles) cells.push_back(count_cell(part));
  cells.emplace_back(cycles == 0 ? 0.0 : static_cast<double>(cost.compute_cycles()) / static_cast<double>(cycles));
  for (const ActionDoc& action : action_docs()) cells.push_back(count_cell(cost.counts[action.action]));
  const Energy energy = machine.energy().price(cost.counts, cycles);
  cells.emplace_back(energy.total_pj);
  for (const ComponentEnergy& part : component_energies(machine, cost))
    cells.push_back(part.known ? Cell(part.pj) : Cell());
  cells.emplace_back(energy.leakage_pj);
  cells.emplace_back(machine.seconds(cycles));
  const Area& area = machine.energy().area();
  for (const std::optional<double>& mm2 : {area.total_mm2, area.array_mm2, area.buffers_mm2, area.rest_mm2})
    cells.push_back(cell_of(mm2));
  const auto end = [&](const PassCost::End& e) { return machine.energy().price(e.counts, e.cycles).total_pj; };
  const bool interval = cost.estimated && cost.has_interval;
  cells.push_back(interval ? count_cell(cost.low.cycles) : Cell());
  cells.push_back(interval ? count_cell(cost.high.cycles) : Cell());
  cells.push_back(interval ? Cell(end(cost.low)) : Cell());
  cells.push_back(interval ? Cell(end(cost.high)) : Cell());
  cells.push_back(cost.estimated ? Cell(cost.captures) : Cell());
  return cells;
}

std::vector<ComponentEnergy> component_energies(const Machine& machine, const PassCost& cost) {
  const Energy energy = machine.energy().price(cost.counts, cost.cycles());
  std::vector<ComponentEnergy> parts;
  for (const Component& component : components()) {
    ComponentEnergy part{component.name, 0, component.doc};
    bool priced = false, counted = false;
    for (const Action action : component.actions) {
      part.pj += energy[action];
      priced = priced || machine.energy().prices(action);
      counted = counted || cost.counts[action] != 0;
    }
    part.known = priced || !counted;
    parts.push_back(part);
  }
  return parts;
}

std::vector<std::string> unpriced_notes(const Machine& machine, const Table& costs) {
  std::vector<std::string> names;
  for (const ActionDoc& action : action_docs()) {
    // terms are counted for people; the array's cycles have their price
    if (machine.energy().prices(action.action) || action.action == Action::kTerm ||
        action.action == Action::kSkippedTerm)
      continue;
    const auto at = std::find(costs.columns().begin(), costs.columns().end(), action.name);
    const auto column = static_cast<std::size_t>(at - costs.columns().begin());
    if (std::any_of(costs.rows().begin(), costs.rows().end(), [&](const auto& row) { return !vain(row.at(column)); }))
      names.emplace_back(action.name);
  }
  if (names.empty()) return {};
  return {
      fmt::format("{}: table {} has no price for {}; their cells are empty, not 0, and energy_pj has nothing of them "
                  "(unless the price of the PEs is that of a whole chip, see the table)",
                  machine.arch().name, machine.energy().name(), fmt::join(names, ", "))};
}

double energy_pj(const Machine& machine, const PassCost& cost) {
  return machine.energy().price(cost.counts, cost.cycles()).total_pj;
}

double gbitops(__int128 bit_operations) { return static_cast<double>(bit_operations) * 1e-9; }

Table narrowed(const Table& table, std::span<const std::string> columns, std::span<const std::string> always) {
  std::vector<std::size_t> kept;
  std::vector<std::string> names;
  for (const std::string& name : columns) {
    const auto at = std::find(table.columns().begin(), table.columns().end(), name);
    if (at == table.columns().end()) continue;
    const auto column = static_cast<std::size_t>(at - table.columns().begin());
    const bool empty =
        std::all_of(table.rows().begin(), table.rows().end(), [&](const auto& row) { return vain(row[column]); });
    if (empty && std::find(always.begin(), always.end(), name) == always.end()) continue;
    kept.push_back(column);
    names.push_back(name);
  }
  Table narrow(names);
  for (const auto& row : table.rows()) {
    std::vector<Cell> cells;
    for (const std::size_t column : kept) cells.push_back(row[column]);
    narrow.add(std::move(cells));
  }
  for (const std::string& note : table.notes()) narrow.note(note);
  return narrow;
}

Table readable(const Table& table, bool with_run) {
  static const std::vector<std::string> kColumns{
      "run",         "arch",        "rescale",         "phase",         "precision",   "batch",   "layer",
      "pass",        "weight_bits", "activation_bits", "gradient_bits", "gbitops",     "cycles",  "bound_cycles",
      "utilization", "energy_pj",   "time_s",          "cycles_low",    "cycles_high", "captures"};
  static const std::vector<std::string> kAlways{"cycles", "utilization", "energy_pj", "time_s"};
  return narrowed(table, std::span(kColumns).subspan(with_run ? 0 : 1), kAlways);
}

}  // namespace ldpsim
