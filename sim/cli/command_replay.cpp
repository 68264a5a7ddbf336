// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/replay/columns.hpp"
#include "sim/replay/question_text.hpp"
#include "sim/results/results_file.hpp"
#include "sim/sweep/replay_jobs.hpp"

namespace ldpsim::cli {
namespace {

class ReplayCommand final : public Command {
 public:
  std::string name() const override { return "replay"; }
  std::string summary() const override {
    return "cost of a recorded training run, and of inference at its final precision";
  }
  std::string synopsis() const override { return "ldpsim replay RUN.trace... --arch NAME [--arch NAME] [options]"; }
  std::vector<std::string> examples() const override {
    return {
        "ldpsim replay traces/resnet20-cifar10-ldp.trace --arch stripes --arch bitfusion",
        "ldpsim replay traces/resnet20-cifar10-ldp.trace --arch bitfusion --set dram.pj_per_bit=8 --by layer "
        "--format csv",
        "ldpsim replay traces/resnet20-cifar10-ldp.trace --arch stripes --arch bitfusion --technology 28",
        "ldpsim replay traces/resnet38-cifar100-ldp.trace traces/resnet74-cifar10-ldp.trace --arch stripes --savings "
        "--format csv"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("trace", po::value<std::vector<std::string>>()->value_name("FILE"),
                          "trace of the run; several go into the same tables, told apart by the column run")(
        "by", po::value<std::string>()->default_value("pass")->value_name("DETAIL"),
        "rows of training: layer (and pass), pass or total")(
        "savings", po::bool_switch(),
        "with --format csv or json: the table of claimed and realised savings instead of the costs")(
        "gap", po::bool_switch(),
        "also why claimed and realised saving differ: the share of every cause; with --format csv or json: that table "
        "alone")("no-memo", po::bool_switch(),
                 "simulate every iteration anew instead of every distinct precision once; the figures are the same")(
        "output,o", po::value<std::string>()->value_name("FILE"),
        "add the results to this results file instead of printing them");
    add_machine_options(options);
    add_technology_option(options);
    add_rescale_option(options);
    add_trace_options(options);
    add_values_option(options);
    add_activity_option(options);
    add_passes_option(options);
    add_jobs_option(options);
    add_format_option(options);
    positional.add("trace", -1);
  }
  ExitCode run(const po::variables_map& values) override {
    if (values.count("trace") == 0) throw UserError("ldpsim replay", "no trace given", "usage: " + synopsis());
    const Detail detail = detail_of(values["by"].as<std::string>());
    const TableFormat format = table_format_of(values["format"].as<std::string>());
    const std::vector<Pass> passes = passes_of(values);
    const std::vector<ReplayRun> runs = runs_of(values["trace"].as<std::vector<std::string>>(), values);
    std::vector<ReplayTask> tasks;
    for (const ReplayRun& run : runs) {
      for (ArchSpec& arch : rescale_variants(archs_of(values), values, run.workload.weight_scale_per_channel))
        tasks.push_back({std::move(arch), &run});
    }
    const std::optional<std::vector<ReplayTables>> tables =
        replay_all(tasks, passes,
                   {.detail = detail,
                    .memo = !values["no-memo"].as<bool>(),
                    .gap = values["gap"].as<bool>() || values.count("output") != 0,
                    .jobs = jobs_of(values)});
    if (!tables) return ExitCode::kInterrupted;
    if (values.count("output") != 0) {
      store(values, passes, tasks, *tables);
    } else {
      print(values, runs, *tables, format);
    }
    return ExitCode::kDone;
  }

 private:
  /// Throws UserError if two traces would have the same name in the tables.
  static std::vector<ReplayRun> runs_of(const std::vector<std::string>& files, const po::variables_map& values) {
    std::vector<ReplayRun> runs;
    for (const std::string& file : files) {
      ReplayRun run = run_of_trace(file, values);
      if (std::any_of(runs.begin(), runs.end(), [&](const ReplayRun& other) { return other.name == run.name; }))
        throw UserError(file, "a second trace called '" + run.name + "'",
                        "results name runs after their files; replay them one by one, or rename one");
      runs.push_back(std::move(run));
    }
    return runs;
  }

  static void print(const po::variables_map& values, const std::vector<ReplayRun>& runs,
                    const std::vector<ReplayTables>& tables, TableFormat format) {
    Table costs(tables.front().costs.columns()), savings(tables.front().savings.columns());
    Table gap(tables.front().gap.columns());
    for (const ReplayRun& run : runs) {
      for (const std::string& note : run_notes(run)) savings.note(note);
    }
    std::set<std::string> said;  // runs on the same machine have its notes in common
    for (const ReplayTables& table : tables) {
      append(costs, table.costs);
      append(savings, table.savings);
      append(gap, table.gap);
      for (const std::string& note : table.notes) {
        if (said.insert(note).second) (format == TableFormat::kText ? savings : costs).note(note);
      }
    }
    if (format != TableFormat::kText) {
      print_table(values["gap"].as<bool>() ? gap : values["savings"].as<bool>() ? savings : costs, values);
      return;
    }
    print_table(readable(costs, runs.size() > 1), values);
    fmt::print("\n");
    static const std::vector<std::string> kOnlyWithValues{"cycles_saving_low_percent", "cycles_saving_high_percent",
                                                          "captures"};
    std::vector<std::string> always;
    for (const std::string& column : savings.columns()) {
      if (std::find(kOnlyWithValues.begin(), kOnlyWithValues.end(), column) == kOnlyWithValues.end())
        always.push_back(column);
    }
    print_table(narrowed(savings, savings.columns(), always), values);
    if (!values["gap"].as<bool>()) return;
    fmt::print("\n");
    print_table(gap, values);
  }

  static void store(const po::variables_map& values, const std::vector<Pass>& passes,
                    const std::vector<ReplayTask>& tasks, const std::vector<ReplayTables>& tables) {
    ResultsFile file = ResultsFile::open_or_create(values["output"].as<std::string>());
    std::map<std::string, std::size_t> machines_of_run;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const ArchSpec& arch = tasks[i].arch;
      const ReplayRun& run = *tasks[i].run;
      ++machines_of_run[run.name];
      const Machine machine(arch);
      const std::string question =
          content_key({{"machine", machine.canonical()},
                       {"workload", question_text(run, passes, machine.array().value_dependent())}});
      const auto point = [&](const char* kind) {
        return ResultPoint{
            .key = content_key({{"kind", kind}, {"by", values["by"].as<std::string>()}, {"question", question}}),
            .ordinal = static_cast<std::int64_t>(i),
            .label = fmt::format("{} {} {}", run.name, arch.name, arch.text("rescale")),
            .config = question_json(arch, run, question)};
      };
      Table costs = tables[i].costs;
      for (const std::string& note : run_notes(run)) costs.note(note);
      for (const std::string& note : tables[i].notes) costs.note(note);
      file.add("replay", point("replay"), costs);
      file.add("saving", point("saving"), tables[i].savings);
      file.add("gap", point("gap"), tables[i].gap);
    }
    for (const auto& [run, machines] : machines_of_run)
      talk(values, fmt::format("{}: {} replayed on {} machines", file.file(), run, machines));
  }
};

}  // namespace

std::unique_ptr<Command> make_replay_command() { return std::make_unique<ReplayCommand>(); }

}  // namespace ldpsim::cli
