// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/paper_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>

#include "sim/arch/arch_spec.hpp"
#include "sim/core/error.hpp"
#include "sim/ledger/contradictions.hpp"
#include "sim/ledger/published.hpp"
#include "sim/ledger/quantity.hpp"

namespace ldpsim::cli {
namespace {

std::vector<std::string> yaml_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Cell cell(const std::optional<double>& value) { return value ? Cell(*value) : Cell(); }

/// What the published costs themselves say about the ratio.
Cell published_ratio(const PublishedRow& row) {
  if (row.quantity == "training_ratio") return row.published;
  return row.published_static ? Cell(row.published / *row.published_static) : Cell();
}

void note_source(Table& table, const PublishedEntry& entry, std::string& source) {
  if (source != entry.source) table.note(entry.file + ": " + (source = entry.source));
}

/// Once for each table that has such rows.
void note_read_off(Table& table, const PublishedEntry& entry, std::set<std::string>& noted) {
  if (!entry.read_off || !noted.insert(entry.file + entry.table).second) return;
  table.note(fmt::format("{}, table {}: published figures are read off a plot", entry.file, entry.table));
}

/// Value of a key that a trace of another program may lack.
std::string text_of(const TraceReader& trace, const std::string& key) {
  const auto found = trace.meta().find(key);
  return found == trace.meta().end() ? std::string() : found->second;
}

/// The set that a trace was tested on.
std::string dataset_of(const TraceReader& trace) {
  const std::string tested = text_of(trace, "test_dataset");
  return tested.empty() ? text_of(trace, "dataset") : tested;
}

std::vector<std::string> parts_of(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// Of numbers without leading zeros.
bool is_smaller(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// "4,6,8/6,8,4/8,4,6" as "stages 4-6-8", the row of Table 1 that it is: each span begins where the one before it went
/// on. "" for others.
std::string rotated_stages(const std::string& stage_bits) {
  const std::vector<std::string> spans = parts_of(stage_bits, '/');
  if (spans.size() != 3) return "";
  std::vector<std::string> bits = parts_of(spans.front(), ',');
  const std::string name = fmt::format("stages {}", fmt::join(bits, "-"));
  for (const std::string& span : spans) {
    if (parts_of(span, ',') != bits || bits.empty()) return "";
    std::rotate(bits.begin(), bits.begin() + 1, bits.end());
  }
  return name;
}

/// Whether a published row is of the trace's method: by what ldptrain calls it, or for the schedules of Tables 1 and 2,
/// of which a method has several rows, by their names.
bool same_method(const PublishedEntry& entry, const TraceReader& trace) {
  const std::string method = text_of(trace, "method");
  if (method == "staged") return entry.method == rotated_stages(text_of(trace, "stage_bits"));
  if (method == "random")
    return entry.method == "random, k=" + text_of(trace, "draw_every") && text_of(trace, "draw_gradients") != "on";
  return entry.our_method == method;
}

/// "3:8 and 8" as "FW3-8/BW8", the way the papers write it.
std::string precision_of(const TraceReader& trace) {
  const auto text = [&](const char* key) { return text_of(trace, key); };
  const auto range = [](const std::string& low, const std::string& high) {
    return low == high ? high : low + "-" + high;
  };
  const std::string method = text("method");
  if (method == "half") return "FW16/BW16";
  std::string low = text(method == "static" ? "weight_bits_max" : "weight_bits_min");
  const std::string listed = method == "random" ? text("choices") : method == "staged" ? text("stage_bits") : "";
  for (const std::string& span : parts_of(listed, '/')) {
    for (const std::string& bits : parts_of(span, ',')) low = std::min(low, bits, is_smaller);
  }
  std::string gradient = text("gradient_bits");
  if (const std::string stages = text("gradient_stages"); !stages.empty())
    gradient = range(stages.substr(0, stages.find(',')), stages.substr(stages.rfind(',') + 1));
  return fmt::format("FW{}/BW{}", range(low, text("weight_bits_max")), gradient);
}

/// Last value of the test metric that a quantity is, in the quantity's unit.
std::optional<double> measured_quality(const TraceReader& trace, const std::string& quantity) {
  const Quantity* quality = quantity_by(&Quantity::cell, quantity);
  if (quality == nullptr || !quality->is_quality()) return std::nullopt;
  std::optional<double> last;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    if (evaluation.metric == quality->metric) last = evaluation.value * quality->scale;
  }
  return last;
}

struct Measured {
  std::optional<double> ratio, value;
};

Measured measure(const PublishedRow& row, const TraceReader& trace, const Ledger& ledger) {
  const PublishedUnits& units = row.entry.units;
  if (row.quantity == "training_gbitops")
    return {ledger.training_ratio(), ledger.training_ratio() * units.training_gbitops(units.macs)};
  if (row.quantity == "inference_gbitops")
    return {ledger.inference_ratio(), ledger.inference_ratio() * units.inference_gbitops(units.macs)};
  if (row.quantity == "training_ratio") return {ledger.training_ratio(), ledger.training_ratio()};
  return {{}, measured_quality(trace, row.quantity)};
}

/// `read` of every file of published figures, one after another.
template <typename Item>
std::vector<Item> all_published(std::vector<Item> (*read)(const std::string& file, const std::string& networks)) {
  std::vector<Item> all;
  for (const std::string& file : yaml_files(data_directory("published"))) {
    for (Item& item : read(file, data_directory("networks"))) all.push_back(std::move(item));
  }
  return all;
}

std::vector<PublishedRow> corresponding_cells(const TraceReader& trace) {
  const std::string precision = precision_of(trace);
  std::vector<PublishedRow> same_network, same_dataset;
  for (const PublishedRow& row : all_published(compute_published)) {
    const PublishedEntry& entry = row.entry;
    if (entry.our_network != trace.network().name || !same_method(entry, trace) || entry.precision != precision)
      continue;
    same_network.push_back(row);
    if (entry.our_dataset == dataset_of(trace)) same_dataset.push_back(row);
  }
  if (same_network.empty()) {
    throw UserError(trace.file(),
                    fmt::format("no published row is of network '{}', method '{}', precision {}", trace.network().name,
                                text_of(trace, "method"), precision),
                    "'ldpsim bitops --paper' lists them all");
  }
  return same_dataset.empty() ? same_network : same_dataset;
}

}  // namespace

Table published_table() {
  Table table({"source", "table", "network", "dataset", "method", "precision", "quantity", "basis", "ratio",
               "published_ratio", "published", "computed", "difference", "residual_percent", "residual_outputs_percent",
               "residual_normalised_percent", "residual_nominal_percent", "scaled_static", "residual_scaled_percent"});
  std::string source;
  std::set<std::string> read_off;
  for (const PublishedRow& row : all_published(compute_published)) {
    const PublishedEntry& entry = row.entry;
    const bool cost = row.basis != Basis::kCells;
    table.add({entry.file, entry.table, entry.network, entry.dataset, entry.method, entry.precision, row.quantity,
               std::string(name_of(row.basis)), cell(row.ratio), published_ratio(row), row.published,
               cell(row.computed), cell(row.difference()), cost ? cell(row.residual_percent(row.computed)) : Cell(),
               cell(row.residual_percent(row.with_outputs)), cell(row.residual_percent(row.with_normalisation)),
               cell(row.residual_percent(row.nominal)), cell(row.scaled_static),
               cell(row.residual_percent(row.scaled_static))});
    note_source(table, entry, source);
    note_read_off(table, entry, read_off);
  }
  table.note(
      "basis: arithmetic = the schedule is known without training; cells = recomputed from the printed cells; needs a "
      "run = 'ldpsim bitops RUN.trace --paper' puts a run of it beside the row");
  table.note(
      "computed: operations = multiply-accumulates; residuals = (computed - published) / published with "
      "multiply-accumulates, + 1 per output, "
      "+ 1.5 per output (normalisation and activation), and with the rounded count the network is known for");
  table.note("scaled_static: ratio x the published static cost of the same training");
  return table;
}

Table published_table_beside(const TraceReader& trace, const Ledger& ledger) {
  Table table({"source", "table", "network", "dataset", "method", "precision", "quantity", "published_ratio",
               "measured_ratio", "published", "measured", "residual_measured_percent", "measured_scaled_static"});
  const std::vector<PublishedRow> cells = corresponding_cells(trace);
  const bool by_heart = text_of(trace, "tested_on") == "training pictures";
  std::string source;
  for (const PublishedRow& row : cells) {
    const PublishedEntry& entry = row.entry;
    const Measured measured = measure(row, trace, ledger);
    const bool scaled = measured.ratio && row.published_static, comparable = measured.ratio || !by_heart;
    table.add({entry.file, entry.table, entry.network, entry.dataset, entry.method, entry.precision, row.quantity,
               published_ratio(row), cell(measured.ratio), row.published, cell(measured.value),
               comparable ? cell(row.residual_percent(measured.value)) : Cell(),
               scaled ? Cell(*measured.ratio * *row.published_static) : Cell()});
    note_source(table, entry, source);
  }
  const std::string dataset = dataset_of(trace);
  table.note(
      fmt::format("measured: {} iterations of the trace, on data set {}, in the units of the published row; "
                  "inference at the bits of the last iteration, qualities of the last test",
                  ledger.iterations(), dataset));
  if (cells.front().entry.our_dataset != dataset) {
    table.note(fmt::format("no published row is of data set {}: accuracies do not compare, costs do", dataset));
  }
  if (by_heart) table.note("measured accuracy is that on the training pictures: it does not compare, costs do");
  table.note(
      "measured: layers that the method leaves in float count at static precision, published costs charge the schedule "
      "to every layer");
  return table;
}

std::optional<PublishedUnits> published_units(const std::string& network) {
  return published_units(all_published(read_published), network, "");
}

Table contradictions_table() {
  Table table({"source", "item", "where", "says", "claimed", "computed", "verdict", "arithmetic"});
  int items = 0, differing = 0, checks = 0;
  for (const std::string& file : yaml_files(data_directory("published/claims"))) {
    const std::string name = std::filesystem::path(file).stem().string();
    std::string title;
    for (const ClaimCheck& check : check_claims(file, data_directory("published"), data_directory("networks"))) {
      const std::string relation = check.relation == "at_least" ? ">= " : check.relation == "at_most" ? "<= " : "";
      table.add({name, std::int64_t{check.item}, check.where, check.says, relation + check.claimed.text(),
                 check.computed.text(), std::string(check.agrees ? "agrees" : "differs"), check.arithmetic});
      if (title != check.title) {
        table.note(fmt::format("{}: {}", check.item, title = check.title));
        ++items;
      }
      ++checks;
      differing += check.agrees ? 0 : 1;
    }
  }
  table.note(fmt::format("{} of {} checks in {} items differ", differing, checks, items));
  return table;
}

}  // namespace ldpsim::cli
