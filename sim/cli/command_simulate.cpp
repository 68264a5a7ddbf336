// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/replay/columns.hpp"
#include "sim/replay/question_text.hpp"
#include "sim/replay/simulate.hpp"
#include "sim/results/results_file.hpp"

namespace ldpsim::cli {
namespace {

class SimulateCommand final : public Command {
 public:
  std::string name() const override { return "simulate"; }
  std::string summary() const override {
    return "cost of one training step (or inference) of a network at fixed precision";
  }
  std::string synopsis() const override { return "ldpsim simulate NETWORK.csv --arch NAME [--arch NAME] [options]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim simulate networks/resnet20.csv --arch stripes --arch bitfusion --batch 128 --bits 4:4:8",
            "ldpsim simulate networks/alexnet-2x.csv --arch bitfusion-eyeriss --passes forward --format csv"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("network", po::value<std::string>()->value_name("FILE"), "network table (CSV)")(
        "output,o", po::value<std::string>()->value_name("FILE"),
        "add the results to this results file instead of printing them");
    add_machine_options(options);
    add_technology_option(options);
    add_rescale_option(options);
    add_network_options(options);
    add_values_option(options);
    add_activity_option(options);
    add_passes_option(options);
    add_format_option(options);
    positional.add("network", 1);
  }
  ExitCode run(const po::variables_map& values) override {
    if (values.count("network") == 0) throw UserError("ldpsim simulate", "no network given", "usage: " + synopsis());
    const ReplayRun run = run_of_network(values["network"].as<std::string>(), values);
    const std::vector<Pass> passes = passes_of(values);
    const std::vector<ArchSpec> archs = rescale_variants(archs_of(values), values, false);
    const TableFormat format = table_format_of(values["format"].as<std::string>());
    Accelerator accelerator;
    std::optional<Table> all;
    std::vector<ResultPoint> points;
    std::vector<Table> tables;
    for (const ArchSpec& arch : archs) {
      const Machine machine(arch);
      Pricing pricing(accelerator, machine, true, run.values.get(), run.activity);
      Table table = simulate_table(pricing, run.workload, run.final_bits, passes);
      for (const std::string& note : run_notes(run)) table.note(note);
      for (const std::string& note : value_notes(machine, run)) table.note(note);
      for (const std::string& note : machine_notes(machine)) table.note(note);
      for (const std::string& note : unpriced_notes(machine, table)) table.note(note);
      if (all) {
        append(*all, table);
      } else {
        all = table;
      }
      points.push_back(
          {.key = content_key({{"kind", "simulate"},
                               {"machine", machine.canonical()},
                               {"workload", question_text(run, passes, machine.array().value_dependent())}}),
           .ordinal = static_cast<std::int64_t>(points.size()),
           .label = fmt::format("{} {} {}", run.name, arch.name, arch.text("rescale")),
           .config = machine_json(arch)});
      tables.push_back(std::move(table));
    }
    if (values.count("output") == 0) {
      print_table(format == TableFormat::kText ? readable(*all) : *all, values);
      return ExitCode::kDone;
    }
    ResultsFile file = ResultsFile::open_or_create(values["output"].as<std::string>());
    for (std::size_t i = 0; i < points.size(); ++i) file.add("simulate", points[i], tables[i]);
    talk(values, fmt::format("{}: {} machines simulated", file.file(), points.size()));
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Command> make_simulate_command() { return std::make_unique<SimulateCommand>(); }

}  // namespace ldpsim::cli
