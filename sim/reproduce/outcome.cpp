// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/outcome.hpp"

#include <algorithm>
#include <cmath>

#include "sim/core/error.hpp"
#include "sim/trace/schedule.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

std::optional<Statistic> over_runs(const std::vector<RunOutcome>& runs, double RunOutcome::*member) {
  if (runs.empty()) return std::nullopt;
  std::vector<double> values;
  for (const RunOutcome& run : runs) values.push_back(run.*member);
  return statistic_of(values);
}

std::optional<PublishedUnits> units_of(const std::vector<PublishedEntry>& published, const std::string& network,
                                       const std::string& dataset) {
  std::optional<PublishedUnits> units;
  for (const PublishedEntry& entry : published) {
    if (entry.our_network != network || entry.alternative) continue;
    if (!units || entry.our_dataset == dataset) units = entry.units;
  }
  return units;
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

RunOutcome read_outcome(const std::string& file, const std::string& quality, bool lower_is_better) {
  const TraceReader trace(file);
  RunOutcome outcome;
  bool tested = false;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    if (evaluation.metric != quality && (quality != "any" || evaluation.metric == "loss")) continue;
    outcome.quality = evaluation.value * (evaluation.metric == "accuracy" ? 100 : 1);
    const bool better =
        lower_is_better ? outcome.quality < outcome.best_quality : outcome.quality > outcome.best_quality;
    if (!tested || better) outcome.best_quality = outcome.quality;
    tested = true;
  }
  if (!tested) throw DamagedFile(file, "has no test of its " + quality, "train it anew with --force");
  const Schedule schedule(trace);
  const std::int64_t middle = schedule.first() + (schedule.size() + 1) / 2;
  const int bits = schedule.static_bits();
  outcome.training_ratio = training_cost_ratio(schedule.network(), schedule.histogram(), bits);
  outcome.second_half_ratio =
      middle < schedule.last()
          ? training_cost_ratio(schedule.network(), schedule.histogram(middle, schedule.last()), bits)
          : outcome.training_ratio;
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

std::vector<CellOutcome> outcomes_of(const Plan& plan, const std::vector<PublishedEntry>& published) {
  const Experiment& experiment = *plan.experiment;
  std::vector<CellOutcome> outcomes;
  for (const PlannedCell& cell : plan.cells) {
    CellOutcome outcome;
    outcome.cell = &cell;
    std::vector<RunOutcome> runs;
    for (const std::size_t index : cell.runs) {
      const PlannedRun& run = plan.runs[index];
      outcome.used_dataset = run.dataset;
      if (run.finished) {
        runs.push_back(read_outcome(run.trace, experiment.quality, experiment.lower_is_better()));
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
    outcome.training_ratio = over_runs(runs, &RunOutcome::training_ratio);
    outcome.second_half_ratio = over_runs(runs, &RunOutcome::second_half_ratio);
    outcome.inference_ratio = over_runs(runs, &RunOutcome::inference_ratio);
    outcome.units = units_of(published, cell.network, cell.dataset);
    outcome.published =
        printed_row(experiment, published, cell.network, cell.dataset, cell.row->method, cell.row->precision);
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

}  // namespace ldpsim
