// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/trace/import_csv.hpp"

namespace ldpsim::cli {
namespace {

class ImportCommand : public Command {
 public:
  std::string name() const override { return "import"; }
  std::string summary() const override { return "makes a trace of a schedule that another program wrote"; }
  std::string synopsis() const override {
    return "ldpsim import SCHEDULE.csv --network NETWORK.csv -o FILE.trace [options]";
  }
  std::vector<std::string> examples() const override {
    return {"ldpsim import sample-csv/schedule.csv --network sample-csv/network.csv -o imported.trace"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("schedule", po::value<std::string>()->value_name("SCHEDULE.csv"),
                          "columns iteration,layer,weight_bits,activation_bits,gradient_bits: a row a layer and "
                          "iteration, 0 bits = float")("network", po::value<std::string>()->value_name("NETWORK.csv"),
                                                       "the layers, as networks/README.md describes them")(
        "output,o", po::value<std::string>()->value_name("FILE.trace"),
        "the trace to write; an existing trace is replaced, any other file is not")(
        "batch", po::value<int>()->default_value(128)->value_name("N"), "samples an iteration")(
        "static-bits", po::value<int>()->default_value(8)->value_name("B"),
        "precision that cost ratios refer to and float layers count as")(
        "weight-range", po::value<std::string>()->default_value("tensor")->value_name("RANGE"),
        "tensor: a weight has one scale; channel: one for each of its output channels, which backward-data must "
        "rescale")("name", po::value<std::string>()->value_name("TEXT"),
                   "name of the network; default: that of its file")(
        "dataset", po::value<std::string>()->value_name("TEXT"), "name of the dataset, for the record")(
        "method", po::value<std::string>()->default_value("imported")->value_name("TEXT"),
        "name of the training method, for the record");
    positional.add("schedule", 1);
  }
  ExitCode run(const po::variables_map& values) override {
    for (const auto& [option, hint] :
         {std::pair{"schedule", "usage: " + synopsis()}, std::pair{"network", std::string("add --network NETWORK.csv")},
          std::pair{"output", std::string("add -o FILE.trace")}}) {
      if (values.count(option) == 0) throw UserError("ldpsim import", fmt::format("no {} is given", option), hint);
    }
    const int batch = values["batch"].as<int>(), static_bits = values["static-bits"].as<int>();
    if (batch < 1 || batch > 1 << 20) throw UserError("--batch", fmt::format("is {}", batch), "allowed: 1 to 1048576");
    if (static_bits < 1 || static_bits > 16)
      throw UserError("--static-bits", fmt::format("is {}", static_bits), "allowed: 1 to 16");
    TraceMeta meta{{"batch", std::to_string(batch)},
                   {"static_bits", std::to_string(static_bits)},
                   {"weight_range", weight_range_of(values)},
                   {"method", values["method"].as<std::string>()}};
    if (values.count("name") != 0) meta["network"] = values["name"].as<std::string>();
    if (values.count("dataset") != 0) meta["dataset"] = values["dataset"].as<std::string>();
    const std::string schedule = values["schedule"].as<std::string>(), output = values["output"].as<std::string>();
    if (!schedule.ends_with(".csv"))
      throw UserError(schedule, "only CSV schedules can be imported", "expected a file named *.csv");
    const std::int64_t count = import_schedule_csv(schedule, values["network"].as<std::string>(), meta, output);
    talk(values, fmt::format("{}: {} iterations", output, count));
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Command> make_import_command() { return std::make_unique<ImportCommand>(); }

}  // namespace ldpsim::cli
