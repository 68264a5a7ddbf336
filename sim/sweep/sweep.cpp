// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/sweep.hpp"

#include <algorithm>

#include "sim/core/error.hpp"
#include "sim/replay/columns.hpp"
#include "sim/results/table_bytes.hpp"
#include "sim/sweep/worker_pool.hpp"

namespace ldpsim {
namespace {

constexpr const char* kKind = "sweep";

std::vector<std::string> columns_of(const std::vector<GridAxis>& axes) {
  std::vector<std::string> columns{"run", "arch", "rescale", "batch", "iterations"};
  for (const GridAxis& axis : axes) {
    if (std::find(columns.begin(), columns.end(), axis.key) == columns.end()) columns.push_back(axis.key);
  }
  columns.insert(columns.end(), cost_columns().begin(), cost_columns().end());
  for (const char* name : {"static_cycles", "static_energy_pj", "claimed_saving_percent", "cycles_saving_percent",
                           "energy_saving_percent", "step_cycles_saving_percent", "step_energy_saving_percent",
                           "inference_cycles", "inference_energy_pj", "inference_time_s", "error"}) {
    columns.push_back(name);
  }
  return columns;
}

/// A value of an axis as the cell of its column: the machine's own, typed.
Cell setting_cell(const ArchSpec& arch, const std::string& key) {
  const auto found = arch.values().find(key);
  if (found == arch.values().end()) return {};
  if (const auto* flag = std::get_if<bool>(&found->second)) return std::int64_t{*flag};
  if (const auto* count = std::get_if<std::int64_t>(&found->second)) return *count;
  if (const auto* real = std::get_if<double>(&found->second)) return *real;
  return std::get<std::string>(found->second);
}

std::array<Cell, 2> step_savings(const Machine& machine, const SweepQuestion& question, const PassCost& cost,
                                 const PassCost& fixed) {
  if (question.passes.size() != std::size(kAllPasses)) return {};
  const ReplayRun& run = question.run;
  return step_saving_cells(machine, cost, fixed, price_beyond(machine, run.workload, run.histogram),
                           price_beyond(machine, run.workload, static_histogram(run.histogram, run.static_bits)));
}

/// The figures of a point, and in `notes` what must be known of their energy and area.
std::vector<Cell> figures(Accelerator& accelerator, const SweepPoint& point, const SweepQuestion& question,
                          std::vector<std::string>& notes) {
  const Machine machine(point.arch);
  const ReplayRun& run = question.run;
  Pricing pricing(accelerator, machine, true, run.values.get(), run.activity);
  const ScheduledPass cost = price_schedule(pricing, run.workload, run.histogram, question.passes).sum({}, {});
  const BitsHistogram static_bits = static_histogram(run.histogram, run.static_bits);
  const PassCost fixed = price_schedule(pricing, run.workload, static_bits, question.passes).sum({}, {}).cost;
  for (const std::string& note : machine.energy().notes()) notes.push_back(machine.arch().name + " " + note);
  const PassCost inference = price_inference(pricing, run.workload, run.final_bits);
  std::vector<Cell> cells = cost_cells(machine, cost.cost, cost.bit_operations);
  cells.push_back(count_cell(fixed.cycles()));
  cells.emplace_back(energy_pj(machine, fixed));
  cells.emplace_back(100 *
                     (1 - training_cost_ratio(run.workload.network, run.histogram, run.static_bits, question.passes)));
  for (const Cell& cell : saving_cells(machine, cost.cost, fixed)) cells.push_back(cell);
  for (const Cell& cell : step_savings(machine, question, cost.cost, fixed)) cells.push_back(cell);
  cells.push_back(count_cell(inference.cycles()));
  cells.emplace_back(energy_pj(machine, inference));
  cells.emplace_back(machine.seconds(inference.cycles()));
  cells.emplace_back();
  return cells;
}

/// The error of a point's row, "" if it has figures.
std::string error_of(const Table& table) {
  const auto at = std::find(table.columns().begin(), table.columns().end(), "error");
  const Cell& cell = table.rows().front()[static_cast<std::size_t>(at - table.columns().begin())];
  return std::holds_alternative<std::string>(cell) ? std::get<std::string>(cell) : "";
}

}  // namespace

Table price_point(Accelerator& accelerator, const SweepPoint& point, const std::vector<GridAxis>& axes,
                  const SweepQuestion& question) {
  Table table(columns_of(axes));
  const ReplayRun& run = question.run;
  std::vector<Cell> row{run.name, point.arch.name, point.arch.text("rescale"), run.workload.batch, run.iterations};
  for (std::size_t i = row.size(); table.columns()[i] != cost_columns().front(); ++i) {
    row.push_back(setting_cell(point.arch, table.columns()[i]));
  }
  try {
    std::vector<std::string> notes;
    for (Cell& cell : figures(accelerator, point, question, notes)) row.push_back(std::move(cell));
    for (const std::string& note : notes) table.note(note);
  } catch (const UserError& error) {
    row.resize(table.columns().size());
    row.back() = std::string(error.what());
  }
  table.add(std::move(row));
  return table;
}

SweepOutcome run_sweep(const std::vector<SweepPoint>& points, const std::vector<GridAxis>& axes,
                       const SweepQuestion& question, ResultsFile& file, std::size_t jobs, Shard shard,
                       const std::function<void(std::int64_t, std::int64_t)>& progress) {
  std::vector<std::size_t> own, missing;
  std::vector<ResultPoint> asked;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (static_cast<std::int64_t>(i) % shard.count != shard.index - 1) continue;
    own.push_back(i);
    asked.push_back(points[i].point);
    if (!file.has(points[i].point.key)) missing.push_back(i);
  }
  file.plan(kKind, asked);
  SweepOutcome outcome;
  outcome.found = static_cast<std::int64_t>(own.size() - missing.size());
  const auto make_work = [&] {
    auto accelerator = std::make_shared<Accelerator>();
    return [&, accelerator](std::size_t i) {
      return table_to_bytes(price_point(*accelerator, points[i], axes, question));
    };
  };
  const auto done = [&](std::size_t i, const std::string& answer) {
    file.add(kKind, points[i].point, table_from_bytes(answer));
    progress(outcome.found + ++outcome.computed, static_cast<std::int64_t>(own.size()));
  };
  outcome.interrupted = !WorkerPool::run(jobs, missing, make_work, done);
  for (const std::size_t i : own) {
    const std::optional<Table> table = file.table_of(kKind, points[i].point.key);
    if (!table) continue;
    if (const std::string error = error_of(*table); !error.empty())
      outcome.failed.emplace_back(points[i].point.label, error);
  }
  return outcome;
}

}  // namespace ldpsim
