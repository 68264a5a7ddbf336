// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include "sim/ledger/quantity.hpp"

namespace ldpsim {
namespace {

using std::literals::string_view_literals::operator""sv;

Cell cell(const std::optional<double>& value) { return value ? Cell(*value) : Cell(); }
Cell mean_cell(const std::optional<Statistic>& value) { return value ? Cell(value->mean) : Cell(); }
Cell deviation_cell(const std::optional<Statistic>& value) { return value ? cell(value->deviation) : Cell(); }

/// What the experiment's networks are judged by; none if that differs from network to network.
Quantity quality_of(const Experiment& experiment) {
  const Quantity* quality = quantity_by(&Quantity::name, experiment.quality);
  return quality != nullptr ? *quality : Quantity{.name = "any", .cell = "", .title = "accuracy (%) or PSNR (dB)"};
}

bool better(const CellOutcome& a, const CellOutcome& b) {
  const Quantity* quality = quantity_by(&Quantity::name, a.quality_name);
  return quality != nullptr && quality->lower_is_better ? a.quality->mean < b.quality->mean
                                                        : a.quality->mean > b.quality->mean;
}

std::string gbitops_text(double gbitops) {
  return gbitops >= 1e4 ? fmt::format("{:.3g}e8", gbitops / 1e8) : fmt::format("{:.3g}", gbitops);
}

std::string quality_text(const std::optional<Statistic>& value) {
  if (!value) return "-";
  return value->deviation ? fmt::format("{:.2f} ± {:.2f}", value->mean, *value->deviation)
                          : fmt::format("{:.2f}", value->mean);
}

/// "0.355e8 (0.553 ± 0.002)": the publication's unit, and the ratio to static precision.
std::string cost_text(const std::optional<double>& gbitops, const std::optional<Statistic>& ratio) {
  if (!ratio) return "-";
  const std::string relative = ratio->deviation ? fmt::format("{:.3f} ± {:.3f}", ratio->mean, *ratio->deviation)
                                                : fmt::format("{:.3f}", ratio->mean);
  return gbitops ? fmt::format("{} ({})", gbitops_text(*gbitops), relative) : relative;
}

std::string printed_text(const std::optional<PublishedEntry>& entry, const std::string& quantity) {
  const auto value = entry ? entry->cell(quantity) : std::nullopt;
  if (!value) return "-";
  if (quantity.ends_with("_gbitops")) return gbitops_text(*value);
  if (quantity.ends_with("_change_percent")) return fmt::format("{:+.1f} %", *value);
  return quantity.find("gain") == std::string::npos && quantity.find("change") == std::string::npos
             ? fmt::format("{:.2f}", *value)
             : fmt::format("{:+.2f}", *value);
}

/// Datasets of the plan, in the order in which they come.
std::vector<std::string> datasets_of(const Plan& plan) {
  std::vector<std::string> names;
  for (const PlannedCell& one : plan.cells) {
    if (std::find(names.begin(), names.end(), one.dataset) == names.end()) names.push_back(one.dataset);
  }
  return names;
}

/// A row of the layout: one method of a group for one network; a cell a dataset.
struct LayoutRow {
  const PlannedCell* first = nullptr;
  std::map<std::string, const CellOutcome*> cells;
};

std::vector<LayoutRow> layout_rows(const std::vector<CellOutcome>& outcomes) {
  std::vector<LayoutRow> rows;
  for (const CellOutcome& outcome : outcomes) {
    const PlannedCell& one = *outcome.cell;
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const LayoutRow& row) {
      return row.first->network == one.network && row.first->row == one.row;
    });
    if (same == rows.end()) {
      rows.push_back({&one, {{one.dataset, &outcome}}});
    } else {
      same->cells[one.dataset] = &outcome;
    }
  }
  return rows;
}

/// Our row against the best of its group, as the publication compares.
struct OwnGain {
  std::optional<double> quality, training_percent, inference_percent;
};

OwnGain gain_of(const std::vector<LayoutRow>& rows, std::size_t begin, std::size_t end, const std::string& dataset) {
  const CellOutcome *ldp = nullptr, *best = nullptr;
  for (std::size_t i = begin; i < end; ++i) {
    const auto found = rows[i].cells.find(dataset);
    if (found == rows[i].cells.end() || !found->second->quality) continue;
    const CellOutcome* one = found->second;
    if (one->cell->row->method == "LDP") {
      ldp = one;
    } else if (best == nullptr || better(*one, *best)) {
      best = one;
    }
  }
  if (ldp == nullptr || best == nullptr) return {};
  const auto percent = [&](std::optional<Statistic> CellOutcome::*cost) -> std::optional<double> {
    if (!(ldp->*cost) || !(best->*cost)) return std::nullopt;
    return 100 * ((ldp->*cost)->mean / (best->*cost)->mean - 1);
  };
  return {ldp->quality->mean - best->quality->mean, percent(&CellOutcome::training_ratio),
          percent(&CellOutcome::inference_ratio)};
}

class Layout {
 public:
  Layout(const Plan& plan, const std::vector<CellOutcome>& outcomes, const std::vector<PublishedEntry>& published)
      : plan_(plan),
        published_(published),
        quality_(quality_of(*plan.experiment)),
        datasets_(datasets_of(plan)),
        rows_(layout_rows(outcomes)),
        side_by_side_(datasets_.size() == 1 || std::any_of(rows_.begin(), rows_.end(),
                                                           [](const LayoutRow& row) { return row.cells.size() > 1; })),
        in_gbitops_(std::any_of(outcomes.begin(), outcomes.end(),
                                [](const CellOutcome& one) { return one.units.has_value(); })) {
    for (const CellOutcome& one : outcomes) {
      if (one.training_ratio) static_bits_.insert(one.static_bits);
    }
  }

  Table table() const {
    Table table(columns());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      add_row(table, rows_[i]);
      const bool last = i + 1 == rows_.size() || rows_[i + 1].first->group != rows_[i].first->group ||
                        rows_[i + 1].first->network != rows_[i].first->network;
      if (last && rows_[i].first->group->improvement) add_improvement(table, i);
    }
    return table;
  }

  std::string cost_note() const {
    return fmt::format("costs count layers in float at static precision{} and are ",
                       static_bits_.empty() ? "" : fmt::format(" ({} bits)", fmt::join(static_bits_, " or "))) +
           (in_gbitops_ ? "the ratio to it, in brackets, times the static cost by multiply-accumulates in the "
                          "publication's units; the printed one may differ (ldpsim bitops --paper)"
                        : "relative to it");
  }

 private:
  /// Whose numbers those of a data set really are.
  std::string shown_dataset(const std::string& dataset) const {
    for (const LayoutRow& row : rows_) {
      const auto found = row.cells.find(dataset);
      if (found != row.cells.end()) return dataset_title(dataset, found->second->test_dataset());
    }
    return dataset;
  }

  /// Data sets stand side by side, as in the publication, unless no row has more than one of them.
  std::vector<std::string> datasets_in(const LayoutRow& row) const {
    if (side_by_side_) return datasets_;
    return {row.cells.begin()->first};
  }

  std::vector<Cell> row_head(const LayoutRow& row, const std::string& method) const {
    std::vector<Cell> cells{row.first->network};
    if (!side_by_side_) cells.emplace_back(shown_dataset(row.cells.begin()->first));
    cells.insert(cells.end(), {method, row.first->row->precision});
    return cells;
  }

  std::vector<std::string> columns() const {
    std::vector<std::string> names{"network"};
    if (!side_by_side_) names.emplace_back("data set");
    names.insert(names.end(), {"method", "precision"});
    const std::string cost = in_gbitops_ ? " GBitOPs (ratio)" : " cost / static";
    for (const std::string& dataset : side_by_side_ ? datasets_ : std::vector<std::string>{""}) {
      for (const std::string& what : {std::string(quality_.title), "training" + cost, "inference" + cost})
        names.push_back(dataset.empty() ? what : shown_dataset(dataset) + " " + what);
      if (plan_.experiment->table.empty()) continue;
      for (const auto what : {quality_.title, "training"sv, "inference"sv})
        names.push_back(fmt::format("published {}", what));
    }
    return names;
  }

  void add_row(Table& table, const LayoutRow& row) const {
    std::vector<Cell> cells = row_head(row, row.first->row->label);
    for (const std::string& dataset : datasets_in(row)) {
      const auto found = row.cells.find(dataset);
      const CellOutcome none, &one = found == row.cells.end() ? none : *found->second;
      cells.emplace_back(quality_text(one.quality));
      cells.emplace_back(cost_text(one.training_gbitops(), one.training_ratio));
      cells.emplace_back(cost_text(one.inference_gbitops(), one.inference_ratio));
      if (plan_.experiment->table.empty()) continue;
      for (const auto quantity : {quality_.cell, "training_gbitops"sv, "inference_gbitops"sv})
        cells.emplace_back(printed_text(one.published, std::string(quantity)));
    }
    table.add(std::move(cells));
  }

  /// After row `last` of its group: what the group's row of LDP gains.
  void add_improvement(Table& table, std::size_t last) const {
    std::size_t begin = last, ldp = last;
    while (begin > 0 && rows_[begin - 1].first->group == rows_[last].first->group &&
           rows_[begin - 1].first->network == rows_[last].first->network)
      --begin;
    for (std::size_t i = begin; i <= last; ++i) {
      if (rows_[i].first->row->method == "LDP") ldp = i;
    }
    const PlannedCell& of = *rows_[ldp].first;
    std::vector<Cell> cells = row_head(rows_[ldp], "Improv.");
    for (const std::string& dataset : datasets_in(rows_[ldp])) {
      const OwnGain gain = gain_of(rows_, begin, last + 1, dataset);
      cells.emplace_back(gain.quality ? fmt::format("{:+.2f}", *gain.quality) : "-");
      for (const auto& percent : {gain.training_percent, gain.inference_percent})
        cells.emplace_back(percent ? fmt::format("{:+.1f} %", *percent) : "-");
      if (plan_.experiment->table.empty()) continue;
      const auto printed =
          printed_row(*plan_.experiment, published_, of.network, dataset, "Improv.", of.row->precision);
      for (const auto quantity : {quality_.difference, "training_change_percent"sv, "inference_change_percent"sv})
        cells.emplace_back(printed_text(printed, std::string(quantity)));
    }
    table.add(std::move(cells));
  }

  const Plan& plan_;
  const std::vector<PublishedEntry>& published_;
  Quantity quality_;
  std::vector<std::string> datasets_;
  std::vector<LayoutRow> rows_;
  bool side_by_side_, in_gbitops_;
  std::set<int> static_bits_;  ///< that costs are relative to
};

std::string state_of(const PlannedRun& run) {
  if (!run.unavailable.empty()) return "unavailable";
  if (run.finished) return run.elsewhere ? "used" : "done";
  return run.done > 0 ? "resumes" : "new";
}

std::string name_of(const PlannedRun& run) {
  return run.trace.empty() ? "-" : std::filesystem::path(run.trace).stem().string();
}

/// "ResNet-20, seed 1 and 2: why" for each reason once.
void note_unavailable(const Plan& plan, Table& table) {
  std::map<std::string, std::set<std::string>> reasons;
  for (const PlannedRun& run : plan.runs) {
    if (!run.unavailable.empty()) reasons[run.unavailable].insert(run.network + " on " + run.dataset);
  }
  for (const auto& [reason, runs] : reasons)
    table.note(fmt::format(
        "unavailable, skipped: {}: {}{}", fmt::join(runs, ", "), reason,
        reason.starts_with("--data") || reason.starts_with("--test-data") ? " (here: --data NAME=DIR)" : ""));
}

void add_once(std::vector<std::string>& lines, const std::string& line) {
  if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
}

/// Where layers in float weigh, budgets may act on the others, and publications may count those alone.
void note_quantised_costs(const std::vector<CellOutcome>& outcomes, Table& table) {
  std::string costs;
  for (const CellOutcome& one : outcomes) {
    if (!one.quantised_ratio || !one.training_ratio ||
        std::abs(one.quantised_ratio->mean - one.training_ratio->mean) < 0.005)
      continue;
    costs += fmt::format("{}{} on {}, {} {}: {:.3f}", costs.empty() ? "" : "; ", one.cell->network, one.cell->dataset,
                         one.cell->row->label, one.cell->row->precision, one.quantised_ratio->mean);
  }
  if (!costs.empty()) table.note("training cost of the quantised layers alone: " + costs);
}

/// "bsds, tested on urban100 (200 + 12 images)", "fashion-mnist in place of cifar10 (60000 + 10000 images)".
std::string data_text(const CellOutcome& one) {
  const std::string& tested = one.test_dataset();
  return one.used_dataset + (one.tested_on.empty() ? "" : ", tested on " + tested) +
         (tested == one.cell->dataset ? "" : " in place of " + one.cell->dataset) +
         (one.data_size.empty() ? "" : " (" + one.data_size + ")");
}

}  // namespace

std::string dataset_title(const std::string& dataset, const std::string& used) {
  return used.empty() || used == dataset ? dataset : fmt::format("{} (for {})", used, dataset);
}

std::string quality_title(const Experiment& experiment) { return std::string(quality_of(experiment).title); }

Table plan_table(const Plan& plan, const TimeModel& model, std::size_t jobs) {
  Table table(
      {"run", "network", "trained_on", "method", "seed", "iterations", "done", "state", "estimate", "estimate_basis"});
  double seconds = 0;
  std::int64_t missing = 0, unknown = 0;
  std::set<std::string> bases;
  for (const PlannedRun& run : plan.runs) {
    Cell estimate, basis;
    if (run.missing()) {
      const Estimate left = model.estimate(run);
      ++missing;
      unknown += left.seconds ? 0 : 1;
      seconds += left.seconds.value_or(0);
      estimate = left.seconds ? duration_text(*left.seconds) : "unknown";
      basis = left.basis;
      bases.insert(left.basis);
    }
    table.add({name_of(run), run.network, run.dataset, run.method, run.seed, run.iterations, run.done, state_of(run),
               estimate, basis});
  }
  const Experiment& experiment = *plan.experiment;
  table.note(experiment.title);
  table.note(fmt::format("scale {}: {}", plan.request.scale, experiment.scale(plan.request.scale).remark));
  table.note(fmt::format("{} of {} runs to do, {} side by side on {} thread{} each: about {}{}", missing,
                         plan.runs.size(), jobs, model.threads, model.threads == 1 ? "" : "s",
                         duration_text(seconds / static_cast<double>(jobs)),
                         unknown > 0 ? fmt::format(" and {} of unknown length", unknown) : ""));
  for (const std::string& basis : bases) {
    if (basis == "calibrated" || basis == "guess")
      table.note(fmt::format("{}: by {:.3g} G multiply-accumulates a second and thread ({})", basis,
                             model.gmacs_per_second, model.basis));
  }
  note_unavailable(plan, table);
  for (const std::string& note : plan.notes) table.note(note);
  return table;
}

std::vector<std::string> caption(const Plan& plan, const std::vector<CellOutcome>& outcomes,
                                 const std::vector<PublishedEntry>& published) {
  const Experiment& experiment = *plan.experiment;
  std::vector<std::string> data, missing;  // in the order of the table
  std::set<std::string> floors;
  std::size_t fewest = SIZE_MAX, most = 0;  // seeds of the cells that have any; the others are listed as missing
  for (const CellOutcome& one : outcomes) {
    for (const std::string& why : one.reasons)
      add_once(missing, fmt::format("missing: {}, {}, {} {}{}: {}", one.cell->network, one.cell->dataset,
                                    one.cell->row->label, one.cell->row->precision,
                                    one.runs > 0 ? fmt::format(", {} of {} seeds", one.cell->runs.size() - one.runs,
                                                               one.cell->runs.size())
                                                 : "",
                                    why));
    if (one.runs == 0) continue;
    fewest = std::min(fewest, one.runs);
    most = std::max(most, one.runs);
    add_once(data, fmt::format("data set {}: {} iterations of {}", data_text(one), one.iterations, one.batch));
    if (one.bicubic_psnr_db) floors.insert(fmt::format("{:.2f} dB", *one.bicubic_psnr_db));
  }
  std::vector<std::string> lines{experiment.title};
  const std::string seeds = most == 0        ? ""
                            : fewest == most ? fmt::format("; seeds: {}", most)
                                             : fmt::format("; seeds: {} to {}", fewest, most);
  if (data.empty()) data.emplace_back("no finished run");
  lines.push_back(fmt::format("ours: {}; scale {} ({}){}", fmt::join(data, "; "), plan.request.scale,
                              experiment.scale(plan.request.scale).remark, seeds));
  if (!floors.empty())
    lines.push_back(fmt::format("bicubic enlargement of the same test pictures: {}", fmt::join(floors, ", ")));
  if (!experiment.table.empty() && !published.empty())
    lines.push_back(fmt::format("published: as printed in {}", published.front().source));
  lines.insert(lines.end(), missing.begin(), missing.end());
  lines.insert(lines.end(), plan.notes.begin(), plan.notes.end());
  return lines;
}

Table layout_table(const Plan& plan, const std::vector<CellOutcome>& outcomes,
                   const std::vector<PublishedEntry>& published) {
  const Layout layout(plan, outcomes, published);
  Table table = layout.table();
  for (std::string& line : caption(plan, outcomes, published)) table.note(std::move(line));
  table.note("quality is that of the last test, mean ± sample deviation over the seeds; " + layout.cost_note());
  note_quantised_costs(outcomes, table);
  return table;
}

Table number_table(const Plan& plan, const std::vector<CellOutcome>& outcomes) {
  Table table({"experiment",
               "scale",
               "network",
               "dataset",
               "trained_on",
               "tested_on",
               "group",
               "method",
               "precision",
               "runs",
               "iterations",
               "batch",
               "quality",
               "quality_mean",
               "quality_deviation",
               "best_mean",
               "best_deviation",
               "static_bits",
               "training_ratio_mean",
               "training_ratio_deviation",
               "second_half_ratio_mean",
               "quantised_ratio_mean",
               "inference_ratio_mean",
               "inference_ratio_deviation",
               "training_gbitops",
               "inference_gbitops",
               "published_quality",
               "published_training_gbitops",
               "published_inference_gbitops"});
  const Experiment& experiment = *plan.experiment;
  for (const CellOutcome& one : outcomes) {
    const PlannedCell& at = *one.cell;
    const auto printed = [&](const std::string& quantity) {
      return one.published ? cell(one.published->cell(quantity)) : Cell();
    };
    table.add({experiment.name,
               plan.request.scale,
               at.network,
               at.dataset,
               one.used_dataset,
               one.test_dataset(),
               at.group->name,
               at.row->label,
               at.row->precision,
               static_cast<std::int64_t>(one.runs),
               one.iterations,
               one.batch,
               one.quality_name,
               mean_cell(one.quality),
               deviation_cell(one.quality),
               mean_cell(one.best_quality),
               deviation_cell(one.best_quality),
               one.training_ratio ? Cell(std::int64_t{one.static_bits}) : Cell(),
               mean_cell(one.training_ratio),
               deviation_cell(one.training_ratio),
               mean_cell(one.second_half_ratio),
               mean_cell(one.quantised_ratio),
               mean_cell(one.inference_ratio),
               deviation_cell(one.inference_ratio),
               cell(one.training_gbitops()),
               cell(one.inference_gbitops()),
               printed(std::string(quality_of(experiment).cell)),
               printed("training_gbitops"),
               printed("inference_gbitops")});
  }
  return table;
}

}  // namespace ldpsim
