// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/outcome.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <set>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/ledger/quantity.hpp"
#include "sim/trace/schedule.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

/// The quality that a metric of a trace is, if it is what an experiment wants; "any" is whichever a run has.
const Quantity* quality_of(const std::string& metric, const std::string& wanted) {
  const Quantity* quality = quantity_by(&Quantity::metric, metric);
  return quality != nullptr && (wanted == "any" || wanted == quality->name) ? quality : nullptr;
}

double meta_number(const TraceMeta& meta, const std::string& key) {
  return std::strtod(meta_value(meta, key).c_str(), nullptr);
}

/// How many samples a test has if it is not cut short. Those of a text overlap, so only the trainer knows; traces that
/// older ones wrote do not tell.
double samples_to_test_on(const TraceMeta& meta) {
  if (!meta_value(meta, "tokens").empty()) {
    const std::string samples = meta_value(meta, "test_samples");
    return samples.empty() ? std::numeric_limits<double>::infinity() : meta_number(meta, "test_samples");
  }
  return meta_number(meta, meta_value(meta, "tested_on") == "training pictures" ? "train_images" : "test_images");
}

std::string data_size_of(const TraceMeta& meta) {
  for (const std::string unit : {"images", "tokens"}) {
    const std::string train = meta_value(meta, "train_" + unit), test = meta_value(meta, "test_" + unit);
    if (train.empty()) continue;
    const double limit = meta_number(meta, "evaluate_images");
    const bool is_cut = limit > 0 && limit < samples_to_test_on(meta);
    const std::string size = meta_value(meta, "tested_on") == "training pictures"
                                 ? train + " " + unit + ", tested on the same"
                                 : train + " + " + test + " " + unit;
    if (!is_cut) return size;
    // Folders of classes, which alone say what they are tested on, are tested on pictures of all classes.
    const bool spread = !meta_value(meta, "tested_on").empty();
    return fmt::format("{}, {} {}{:.0f}{}", size, size.ends_with("same") ? "of those" : "tested on",
                       spread ? "" : "the first ", limit,
                       spread             ? " spread over the classes"
                       : unit == "tokens" ? " samples"
                                          : "");
  }
  return "";
}

std::optional<Statistic> over_runs(const std::vector<RunOutcome>& runs, double RunOutcome::*member) {
  if (runs.empty()) return std::nullopt;
  std::vector<double> values;
  for (const RunOutcome& run : runs) values.push_back(run.*member);
  return statistic_of(values);
}

/// Cost of the layers that the method quantises, without those that it leaves in float.
double quantised_cost_ratio(const Schedule& schedule, int static_bits) {
  const BitsHistogram all = schedule.histogram();
  Network network{schedule.network().name, {}};
  BitsHistogram histogram;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!schedule.network().layers[i].quantised) continue;
    network.layers.push_back(schedule.network().layers[i]);
    histogram.push_back(all[i]);
  }
  return training_cost_ratio(network, histogram, static_bits);
}

}  // namespace

Statistic statistic_of(const std::vector<double>& values) {
  Statistic statistic;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) statistic.mean += value / count;
  if (values.size() < 2) return statistic;
  double squares = 0;
  for (const double value : values) squares += (value - statistic.mean) * (value - statistic.mean);
  statistic.deviation = std::sqrt(squares / (count - 1));
  return statistic;
}

std::optional<double> CellOutcome::training_gbitops() const {
  if (!training_ratio || !units) return std::nullopt;
  return training_ratio->mean * units->training_gbitops(units->macs);
}

std::optional<double> CellOutcome::inference_gbitops() const {
  if (!inference_ratio || !units) return std::nullopt;
  return inference_ratio->mean * units->inference_gbitops(units->macs);
}

std::vector<PublishedEntry> read_published_of(const Experiment& experiment, const std::string& published_folder,
                                              const std::string& networks_folder) {
  if (experiment.published_file.empty()) return {};
  const std::vector<std::string> files = experiment_names(published_folder);
  if (std::find(files.begin(), files.end(), experiment.published_file) == files.end())
    throw UserError(experiment.published_where, "no published figures '" + experiment.published_file + "'",
                    allowed_hint(experiment.published_file, files));
  std::vector<PublishedEntry> published =
      read_published(published_folder + "/" + experiment.published_file + ".yaml", networks_folder);
  std::set<std::string> tables;
  for (const PublishedEntry& entry : published) tables.insert(entry.table);
  if (!tables.contains(experiment.table))
    throw UserError(experiment.table_where, experiment.published_file + " has no table '" + experiment.table + "'",
                    allowed_hint(experiment.table, std::vector<std::string>(tables.begin(), tables.end())));
  return published;
}

RunOutcome read_outcome(const std::string& file, const std::string& wanted, int static_bits) {
  const TraceReader trace(file);
  RunOutcome outcome;
  bool tested = false;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    if (evaluation.metric == "psnr_y_bicubic") outcome.bicubic_psnr_db = evaluation.value;
    const Quantity* quality = quality_of(evaluation.metric, wanted);
    if (quality == nullptr) continue;
    outcome.quality_name = quality->name;
    outcome.quality = evaluation.value * quality->scale;
    const bool better =
        quality->lower_is_better ? outcome.quality < outcome.best_quality : outcome.quality > outcome.best_quality;
    if (!tested || better) outcome.best_quality = outcome.quality;
    tested = true;
  }
  if (!tested) throw DamagedFile(file, "has no test of its " + wanted, "train it anew with --force");
  outcome.data_size = data_size_of(trace.meta());
  const Schedule schedule(trace, Schedule::kBegin, Schedule::kEnd, static_bits);
  outcome.costs_count = !schedule.all_float();
  const std::int64_t middle = schedule.first() + (schedule.size() + 1) / 2;
  const int bits = outcome.static_bits = static_bits != 0 ? static_bits : schedule.static_bits();
  outcome.training_ratio = training_cost_ratio(schedule.network(), schedule.histogram(), bits);
  outcome.second_half_ratio =
      middle < schedule.last()
          ? training_cost_ratio(schedule.network(), schedule.histogram(middle, schedule.last()), bits)
          : outcome.training_ratio;
  outcome.quantised_ratio = quantised_cost_ratio(schedule, bits);
  outcome.inference_ratio = forward_cost_ratio(schedule.network(), histogram_of(schedule.final_bits()), bits);
  return outcome;
}

std::optional<PublishedEntry> printed_row(const Experiment& experiment, const std::vector<PublishedEntry>& published,
                                          const std::string& network, const std::string& dataset,
                                          const std::string& method, const std::string& precision) {
  for (const PublishedEntry& entry : published) {
    if (entry.table == experiment.table && entry.our_network == network && entry.our_dataset == dataset &&
        entry.method == method && entry.precision == precision && !entry.alternative)
      return entry;
  }
  return std::nullopt;
}

/// Rows of a group are compared with each other, so their costs have one unit: the precision of its static row. 0:
/// there is none.
int static_bits_of_group(const Plan& plan, const PlannedCell& cell) {
  for (const PlannedCell& other : plan.cells) {
    if (other.group != cell.group || other.network != cell.network || other.runs.empty()) continue;
    const PlannedRun& run = plan.runs[other.runs.front()];
    const auto bits = run.meta.find("static_bits");
    if (run.method == "static" && bits != run.meta.end()) return std::atoi(bits->second.c_str());
  }
  return 0;
}

std::vector<CellOutcome> outcomes_of(const Plan& plan, const std::vector<PublishedEntry>& published) {
  const Experiment& experiment = *plan.experiment;
  std::vector<CellOutcome> outcomes;
  for (const PlannedCell& cell : plan.cells) {
    CellOutcome outcome;
    outcome.cell = &cell;
    outcome.quality_name = experiment.quality;
    const int group_bits = static_bits_of_group(plan, cell);
    std::vector<RunOutcome> runs;
    for (const std::size_t index : cell.runs) {
      const PlannedRun& run = plan.runs[index];
      outcome.used_dataset = run.dataset;
      outcome.tested_on = run.test_dataset;
      if (run.finished) {
        runs.push_back(read_outcome(run.trace, experiment.quality, group_bits));
        outcome.static_bits = runs.back().static_bits;
        outcome.quality_name = runs.back().quality_name;
        outcome.data_size = runs.back().data_size;
        outcome.bicubic_psnr_db = runs.back().bicubic_psnr_db;
        outcome.iterations = run.iterations;
        outcome.batch = run.batch;
      } else {
        const std::string why = run.unavailable.empty() ? "not trained to its end" : run.unavailable;
        if (std::find(outcome.reasons.begin(), outcome.reasons.end(), why) == outcome.reasons.end())
          outcome.reasons.push_back(why);
      }
    }
    outcome.runs = runs.size();
    outcome.quality = over_runs(runs, &RunOutcome::quality);
    outcome.best_quality = over_runs(runs, &RunOutcome::best_quality);
    if (std::all_of(runs.begin(), runs.end(), [](const RunOutcome& run) { return run.costs_count; })) {
      outcome.training_ratio = over_runs(runs, &RunOutcome::training_ratio);
      outcome.second_half_ratio = over_runs(runs, &RunOutcome::second_half_ratio);
      outcome.quantised_ratio = over_runs(runs, &RunOutcome::quantised_ratio);
      outcome.inference_ratio = over_runs(runs, &RunOutcome::inference_ratio);
    }
    outcome.units = published_units(published, cell.network, cell.dataset);
    if (outcome.units && outcome.static_bits != 0) outcome.units->static_bits = outcome.static_bits;
    if (cell.row->printed)
      outcome.published =
          printed_row(experiment, published, cell.network, cell.dataset, cell.row->method, cell.row->precision);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace ldpsim
