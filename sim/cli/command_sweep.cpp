// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/sweep/sweep.hpp"

namespace ldpsim::cli {
namespace {

class SweepCommand final : public Command {
 public:
  std::string name() const override { return "sweep"; }
  std::string summary() const override {
    return "cost of a run or a network on every combination of machine parameters";
  }
  std::string synopsis() const override {
    return "ldpsim sweep RUN.trace|NETWORK.csv --arch NAME --grid KEY=A,B,C [--grid ...] -o FILE.results [options]";
  }
  std::vector<std::string> examples() const override {
    return {
        "ldpsim sweep traces/resnet20-cifar10-ldp.trace --arch stripes --grid array.windows=8,16,32 --grid "
        "dram.bits_per_cycle=64,128 -j 2 -o s.results",
        "ldpsim sweep networks/resnet20.csv --arch bitfusion --grid array.rows=8,16 --batch 128 -o s.results"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("input", po::value<std::string>()->value_name("FILE"), "trace, or network table (CSV)")(
        "grid,g", po::value<std::vector<std::string>>()->composing()->value_name("KEY=A,B,C"),
        "values of a key to try on the machines that have it; may be repeated")(
        "shard", po::value<std::string>()->default_value("1/1")->value_name("I/N"),
        "the I-th of N parts of the sweep alone; parts that run at the same time may share the file of -o")(
        "output,o", po::value<std::string>()->value_name("FILE"),
        "results file; points that are in it already are not computed again");
    add_machine_options(options);
    add_technology_option(options);
    add_trace_options(options);
    add_network_options(options);
    add_values_option(options);
    add_activity_option(options);
    add_passes_option(options);
    add_jobs_option(options);
    positional.add("input", 1);
  }
  ExitCode run(const po::variables_map& values) override {
    if (values.count("input") == 0)
      throw UserError("ldpsim sweep", "no trace or network given", "usage: " + synopsis());
    if (values.count("output") == 0) throw UserError("ldpsim sweep", "no results file given", "add -o FILE.results");
    std::vector<GridAxis> axes;
    if (values.count("grid") != 0) {
      for (const std::string& axis : values["grid"].as<std::vector<std::string>>()) axes.push_back(GridAxis::of(axis));
    }
    check_set_once(values, axes);
    const Shard shard = Shard::of(values["shard"].as<std::string>());
    const std::size_t jobs = jobs_of(values);
    const SweepQuestion question{.run = workload(values), .passes = passes_of(values)};
    const std::vector<SweepPoint> points = plan_sweep(archs_of(values), axes, question);
    ResultsFile file = ResultsFile::open_or_create(values["output"].as<std::string>());
    const bool show = values.count("quiet") == 0 && ::isatty(STDERR_FILENO) != 0;
    const SweepOutcome outcome =
        run_sweep(points, axes, question, file, jobs, shard, [&](std::int64_t done, std::int64_t all) {
          if (show) fmt::print(stderr, "\r{} of {} points", done, all);
        });
    if (show) fmt::print(stderr, "\n");
    return report(values, file.file(), outcome);
  }

 private:
  /// An axis overrules whatever else sets its key.
  static void check_set_once(const po::variables_map& values, const std::vector<GridAxis>& axes) {
    for (const GridAxis& axis : axes) {
      const bool by_set = values.count("set") != 0 &&
                          std::ranges::any_of(values["set"].as<std::vector<std::string>>(),
                                              [&](const std::string& set) { return set.starts_with(axis.key + "="); });
      const bool by_technology = values.count("technology") != 0 && axis.key == "energy.technology_nm";
      if (by_set || by_technology)
        throw UserError("--grid " + axis.key, fmt::format("is set by --{}, too", by_set ? "set" : "technology"),
                        "leave one of them out");
    }
  }

  static ReplayRun workload(const po::variables_map& values) {
    const std::string input = values["input"].as<std::string>();
    if (!is_trace(input)) {
      for (const char* option : {"iterations", "float-layer-bits"}) refuse_option(values, option, "a network table");
      return run_of_network(input, values);
    }
    for (const char* option : {"batch", "bits", "profile", "weight-range"})
      refuse_option(values, option, "a trace, which has its own");
    return run_of_trace(input, values);
  }

  static ExitCode report(const po::variables_map& values, const std::string& file, const SweepOutcome& outcome) {
    if (outcome.interrupted) {
      talk(values, fmt::format("{}: interrupted with {} points done; the same command does the rest", file,
                               outcome.found + outcome.computed));
      return ExitCode::kInterrupted;
    }
    talk(values, fmt::format("{}: {} points computed, {} were there already, {} failed", file, outcome.computed,
                             outcome.found, outcome.failed.size()));
    for (const auto& [label, error] : outcome.failed) fmt::print(stderr, "{}: {}\n", label, error);
    return outcome.failed.empty() ? ExitCode::kDone : ExitCode::kCheckFailed;
  }
};

}  // namespace

std::unique_ptr<Command> make_sweep_command() { return std::make_unique<SweepCommand>(); }

}  // namespace ldpsim::cli
