// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/validate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

/// Figures of both sides are sums and quotients of whole numbers, quoted in decimals: equal means equal up to the
/// rounding of a double.
constexpr double kRounding = 1e-12;

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

std::string tolerance_unit(const Target& target) {
  return target.tolerance_is_relative || target.tolerance == 0 ? "percent" : "points";
}

/// Every text once, in the order of first appearance.
void note_once(Table& table, std::set<std::string>& seen, const std::string& line) {
  if (seen.insert(line).second) table.note(line);
}

}  // namespace

Outcome judge(const Target& target, double got) {
  const double nearer = std::clamp(got, target.least, target.most);
  const double away = got - nearer;
  Outcome outcome{.target = target, .got = got};
  outcome.difference = target.tolerance_is_relative ? 100 * away / std::fabs(nearer) : away;
  outcome.holds = std::isfinite(got) && std::fabs(outcome.difference) <= target.tolerance + kRounding;
  return outcome;
}

std::vector<Outcome> validate(Bench& bench, const std::vector<std::string>& only) {
  std::vector<std::string> ids;
  for (const Check& check : builtin_checks()) ids.push_back(check.id);
  for (const std::string& id : only) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end())
      throw UserError("--only", "there is no check '" + id + "'", allowed_hint(id, ids));
  }
  std::vector<Outcome> outcomes;
  for (const Check& check : builtin_checks()) {
    if (!only.empty() && std::find(only.begin(), only.end(), check.id) == only.end()) continue;
    for (const Target& target : read_targets(check.id, validation_file(check.data + ".yaml")))
      outcomes.push_back(judge(target, check.compute(target, bench)));
  }
  return outcomes;
}

Table validation_table(const std::vector<Outcome>& outcomes, const Bench& bench) {
  Table table({"check", "machine", "workload", "figure", "unit", "expected", "expected_most", "got", "difference",
               "tolerance", "tolerance_unit", "verdict", "confidence", "calibrated", "source", "remark"});
  std::set<std::string> seen;
  std::int64_t held = 0, calibrated = 0;
  for (const Outcome& outcome : outcomes) {
    const Target& t = outcome.target;
    table.add({t.check, t.machine, t.workload, t.quantity, t.unit, t.least, t.most, outcome.got, outcome.difference,
               t.tolerance, tolerance_unit(t), std::string(outcome.holds ? "holds" : "fails"), t.confidence,
               joined(t.calibrated), t.source, t.remark});
    held += outcome.holds;
    calibrated += !t.calibrated.empty();
  }
  for (const Outcome& outcome : outcomes)
    note_once(table, seen,
              fmt::format("{}: {}: {}", outcome.target.check, outcome.target.confidence, outcome.target.source));
  for (const Outcome& outcome : outcomes) {
    const Target& t = outcome.target;
    if (!t.remark.empty()) note_once(table, seen, fmt::format("{}: {}: {}", t.check, t.workload, t.remark));
    if (!t.calibrated.empty())
      note_once(table, seen, fmt::format("{}: calibrated, not predicted: {}", t.check, joined(t.calibrated)));
  }
  for (const std::string& note : bench.notes()) note_once(table, seen, note);
  table.note(fmt::format("{} of {} figures hold; {} of them rest on constants that were calibrated to them", held,
                         outcomes.size(), calibrated));
  return table;
}

Table readable_validation(const Table& table) {
  const auto column = [&](const std::string& name) {
    return static_cast<std::size_t>(std::find(table.columns().begin(), table.columns().end(), name) -
                                    table.columns().begin());
  };
  Table readable(
      {"check", "machine", "workload", "figure", "unit", "expected", "got", "difference", "tolerance", "verdict"});
  for (const std::vector<Cell>& row : table.rows()) {
    const auto real = [&](const char* name) { return std::get<double>(row[column(name)]); };
    const auto text = [&](const char* name) { return std::get<std::string>(row[column(name)]); };
    const double least = real("expected"), most = real("expected_most"), tolerance = real("tolerance");
    const std::string sign = text("tolerance_unit") == "percent" ? " %" : "";
    const auto figure = [](double value) {
      return std::fabs(value) >= 1e4 ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
    };
    readable.add(
        {text("check"), text("machine"), text("workload"), text("figure"), text("unit"),
         least == most ? figure(least) : figure(least) + " to " + figure(most), figure(real("got")),
         fmt::format("{:.2g}{}", real("difference"), sign),
         tolerance == 0 ? std::string(least == most ? "exact" : "in range") : fmt::format("{:g}{}", tolerance, sign),
         text("verdict")});
  }
  for (const std::string& note : table.notes()) readable.note(note);
  return readable;
}

const std::vector<ColumnDoc>& validation_column_docs() {
  static const std::vector<ColumnDoc> kDocs{
      {"check", "", "id of the check in the validation matrix, V1 to V12"},
      {"machine", "", "machine that the figure is computed on"},
      {"workload", "", "network or operation that it runs"},
      {"figure", "", "what is compared with the publication"},
      {"unit", "", "unit of expected and got; empty: a ratio"},
      {"expected", "as unit", "the published figure; of a range, its lower end"},
      {"expected_most", "as unit", "upper end of a published range; else as expected"},
      {"got", "as unit", "what the models make of it"},
      {"difference", "as tolerance_unit", "got - expected; of a range, from its nearer end"},
      {"tolerance", "as tolerance_unit", "largest difference at which the figure holds; 0: exact"},
      {"tolerance_unit", "", "percent of the expected figure, or points: units of it"},
      {"verdict", "", "holds or fails; one that fails makes ldpsim validate exit with 1"},
      {"confidence", "",
       "of the published figure: found in the publication or release, memory: recalled, derived: arithmetic on these"},
      {"calibrated", "", "constants that were set to reach this figure; empty: it is predicted"},
      {"source", "", "where the figure is published"},
      {"remark", "", "what a reader should know of this figure"},
  };
  return kDocs;
}

}  // namespace ldpsim
