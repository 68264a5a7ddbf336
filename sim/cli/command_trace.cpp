// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/cli/commands.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/core/csv.hpp"
#include "sim/core/file.hpp"
#include "sim/core/suggest.hpp"
#include "sim/results/table.hpp"
#include "sim/trace/check.hpp"
#include "sim/trace/export_numpy.hpp"
#include "sim/trace/import_csv.hpp"
#include "sim/trace/schedule.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim::cli {
namespace {

/// Bits of one operand of one layer over a run, iterations in float left out.
struct BitsSummary {
  std::int64_t iterations = 0, sum = 0;
  int least = 99, most = 0, last = 0;
  void add(std::uint8_t bits) {
    last = bits;
    if (bits == 0) return;
    ++iterations;
    sum += bits;
    least = std::min(least, int{bits});
    most = std::max(most, int{bits});
  }
  void append_to(std::vector<Cell>& row) const {
    if (iterations == 0) {
      row.insert(row.end(), 4, std::monostate{});
      return;
    }
    row.emplace_back(static_cast<double>(sum) / static_cast<double>(iterations));
    for (const int value : {least, most, last}) row.emplace_back(std::int64_t{value});
  }
};

std::string shape_of(const Layer& l) {
  return fmt::format("{}x{}x{} -> {}x{}x{}", l.in_channels, l.in_height, l.in_width, l.out_channels, l.out_height(),
                     l.out_width());
}

Table layer_table(const TraceReader& trace) {
  const std::vector<Layer>& layers = trace.network().layers;
  std::vector<std::array<BitsSummary, 3>> summaries(layers.size());
  const auto [first, last] = trace.iteration_range();
  trace.for_each_iteration(first, last, [&](const TraceIteration& i) {
    for (std::size_t l = 0; l < layers.size(); ++l) {
      summaries[l][0].add(i.weight_bits[l]);
      summaries[l][1].add(i.activation_bits[l]);
      summaries[l][2].add(i.gradient_bits[l]);
    }
  });
  std::vector<std::string> columns{"layer", "kind", "shape", "kernel", "macs"};
  for (const char* operand : {"weight", "activation", "gradient"}) {
    for (const char* what : {"mean", "least", "most", "last"})
      columns.push_back(fmt::format("{}_bits_{}", operand, what));
  }
  Table table(columns);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const Layer& layer = layers[l];
    std::vector<Cell> row{layer.name, name_of(layer.kind), shape_of(layer),
                          fmt::format("{}x{}/{}", layer.kernel_height, layer.kernel_width, layer.stride), layer.macs()};
    for (const BitsSummary& summary : summaries[l]) summary.append_to(row);
    table.add(std::move(row));
  }
  return table;
}

std::string capture_line(const TraceReader& trace) {
  const std::vector<std::int64_t> captured = trace.captured_iterations();
  if (captured.empty()) return "captured operands: none";
  std::size_t operands = 0;
  for (const std::int64_t iteration : captured) operands += trace.captured_operands(iteration).size();
  return fmt::format("captured operands: {} in {} iterations, {} to {}", operands, captured.size(), captured.front(),
                     captured.back());
}

std::vector<std::string> summary_lines(const TraceReader& trace) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : trace.meta()) lines.push_back(fmt::format("{}: {}", key, value));
  const auto [first, end] = trace.iteration_range();
  lines.push_back(first == end ? "iterations in the file: none"
                               : fmt::format("iterations in the file: {} to {}", first, end - 1));
  if (first != end) {
    const Schedule schedule(trace);
    const BitsHistogram final = histogram_of(schedule.final_bits());
    lines.push_back(fmt::format(
        "training cost against static {} bits: {:.4f} (mean over the iterations; the three passes of every layer "
        "weighted by its MACs, "
        "float layers as {} bits)",
        schedule.static_bits(), training_cost_ratio(trace.network(), schedule.histogram(), schedule.static_bits()),
        schedule.float_layer_bits()));
    lines.push_back(
        fmt::format("inference cost against static {} bits: {:.4f} (forward pass at the last iteration's bits)",
                    schedule.static_bits(), forward_cost_ratio(trace.network(), final, schedule.static_bits())));
  }
  std::map<std::pair<std::string, std::string>, std::pair<TraceEvaluation, int>> last;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    auto& [latest, count] = last[{evaluation.split, evaluation.metric}];
    latest = evaluation;
    ++count;
  }
  for (const auto& [name, entry] : last) {
    lines.push_back(fmt::format("{} {}: {:.6g} at iteration {}, the last of {}", name.first, name.second,
                                entry.first.value, entry.first.iteration, entry.second));
  }
  lines.push_back(capture_line(trace));
  return lines;
}

ExitCode info(const TraceReader& trace, TableFormat format) {
  Table table = layer_table(trace);
  const std::vector<std::string> lines = summary_lines(trace);
  if (format == TableFormat::kText) {
    for (const std::string& line : lines) fmt::print("{}\n", line);
    fmt::print("\n");
  } else {
    for (const std::string& line : lines) table.note(line);
  }
  fmt::print("{}", table.render(format));
  return ExitCode::kDone;
}

ExitCode validate(const TraceReader& trace) {
  const TraceCheck check = check_trace(trace);
  if (!check.problem.empty()) throw UserError(trace.file(), check.problem, "", ExitCode::kCheckFailed);
  fmt::print("{}: sound: {} layers, {} iterations, {} evaluations, {} operands\n", trace.file(),
             trace.network().layers.size(), check.iterations, check.evaluations, check.operands);
  return ExitCode::kDone;
}

std::string number_or_empty(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

std::string network_text(const TraceReader& trace) {
  const auto [first, last] = trace.iteration_range();
  return write_network_csv(trace.network(), first == last ? std::vector<LayerBits>(trace.network().layers.size())
                                                          : Schedule(trace, last - 1).final_bits());
}

std::string iterations_text(const TraceReader& trace) {
  std::string text = "iteration,epoch,loss,learning_rate\n";
  const auto [first, last] = trace.iteration_range();
  trace.for_each_iteration(first, last, [&](const TraceIteration& i) {
    text +=
        fmt::format("{},{},{},{}\n", i.iteration, i.epoch, number_or_empty(i.loss), number_or_empty(i.learning_rate));
  });
  return text;
}

std::string evaluations_text(const TraceReader& trace) {
  std::string text = "iteration,split,metric,value\n";
  for (const TraceEvaluation& e : trace.evaluations()) {
    text +=
        fmt::format("{},{},{},{}\n", e.iteration, csv_field(e.split), csv_field(e.metric), number_or_empty(e.value));
  }
  return text;
}

std::int64_t export_csv(const TraceReader& trace, const std::string& folder, bool force) {
  std::string schedule;
  export_schedule_csv(trace, [&](const std::string& piece) { schedule += piece; });
  const std::pair<const char*, std::string> files[] = {{"/schedule.csv", std::move(schedule)},
                                                       {"/network.csv", network_text(trace)},
                                                       {"/iterations.csv", iterations_text(trace)},
                                                       {"/evaluations.csv", evaluations_text(trace)}};
  make_folder(folder);
  for (const auto& [name, text] : files) {  // before the first is written: all of them or none
    if (!force) require_free(folder + name, text, kExportHint);
  }
  for (const auto& [name, text] : files) write_file(folder + name, text);
  return std::size(files);
}

class TraceCommand : public Command {
 public:
  std::string name() const override { return "trace"; }
  std::string summary() const override { return "shows, checks or exports a trace"; }
  std::string synopsis() const override { return "ldpsim trace info|validate|export FILE [options]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim trace info traces/resnet20-cifar10-ldp.trace",
            "ldpsim trace validate traces/resnet20-cifar10-ldp.trace",
            "ldpsim trace export traces/resnet20-cifar10-ldp.trace --format csv -o sample-csv"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("action", po::value<std::string>()->value_name("info|validate|export"),
                          "info: what is in it; validate: every check there is, exit code 1 and the first problem if "
                          "one fails; export: CSV or NumPy files")("file", po::value<std::string>()->value_name("FILE"),
                                                                   "the trace")(
        "format", po::value<std::string>()->value_name("FORMAT"),
        "info: text (default), csv or json; export: csv (default; schedule, network, losses, evaluations) or numpy "
        "(also the captured operands)")("output,o", po::value<std::string>()->value_name("DIR"),
                                        "export: the folder to write to")(
        "force", po::bool_switch(), "export: overwrite files of the same names that hold something else");
    positional.add("action", 1).add("file", 1);
  }
  ExitCode run(const po::variables_map& values) override {
    if (values.count("action") == 0 || values.count("file") == 0)
      throw UserError("ldpsim trace", "needs an action and a file", "usage: " + synopsis());
    const std::string action = values["action"].as<std::string>();
    const std::vector<std::string> actions{"info", "validate", "export"};
    if (std::find(actions.begin(), actions.end(), action) == actions.end()) {
      throw UserError("ldpsim trace", "unknown action '" + action + "'", allowed_hint(action, actions));
    }
    const bool exporting = action == "export";
    if (!exporting) refuse_option(values, "output", "trace " + action);
    if (!exporting) refuse_option(values, "force", "trace " + action);
    if (action == "validate") refuse_option(values, "format", "trace validate");
    if (exporting && values.count("output") == 0)
      throw UserError("ldpsim trace export", "needs a folder to write to", "add -o DIR");
    const std::string format = values.count("format") != 0 ? values["format"].as<std::string>()
                               : exporting                 ? "csv"
                                                           : "text";
    const std::vector<std::string> export_formats{"csv", "numpy"};
    if (exporting && std::find(export_formats.begin(), export_formats.end(), format) == export_formats.end()) {
      throw UserError("--format", "unknown format '" + format + "'", allowed_hint(format, export_formats));
    }
    const TraceReader trace(values["file"].as<std::string>());
    if (action == "info") return info(trace, table_format_of(format));
    if (action == "validate") return validate(trace);
    const std::string folder = values["output"].as<std::string>();
    const bool force = values["force"].as<bool>();
    const std::int64_t files = format == "csv" ? export_csv(trace, folder, force) : export_numpy(trace, folder, force);
    talk(values, fmt::format("{}: {} files", folder, files));
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Command> make_trace_command() { return std::make_unique<TraceCommand>(); }

}  // namespace ldpsim::cli
