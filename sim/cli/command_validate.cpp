// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/validate/validate.hpp"

namespace ldpsim::cli {
namespace {

class ValidateCommand final : public Command {
 public:
  std::string name() const override { return "validate"; }
  std::string summary() const override { return "machines against what their authors published, figure by figure"; }
  std::string synopsis() const override { return "ldpsim validate [--only V1,V4] [--format text|csv|json]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim validate", "ldpsim validate --only V4,V5 --format csv"};
  }
  void options(po::options_description& options, po::positional_options_description&) override {
    options.add_options()("only", po::value<std::string>()->value_name("V1,V4"), "these checks alone");
    add_format_option(options);
  }
  ExitCode run(const po::variables_map& values) override {
    const TableFormat format = table_format_of(values["format"].as<std::string>());
    std::vector<std::string> only;
    if (values.count("only") != 0) only = split(values["only"].as<std::string>(), ',');
    Accelerator accelerator;
    Bench bench(accelerator);
    const std::vector<Outcome> outcomes = validate(bench, only);
    const Table table = validation_table(outcomes, bench);
    print_table(format == TableFormat::kText ? readable_validation(table) : table, values);
    const bool all_hold = std::all_of(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.holds; });
    return all_hold ? ExitCode::kDone : ExitCode::kCheckFailed;
  }
};

}  // namespace

std::unique_ptr<Command> make_validate_command() { return std::make_unique<ValidateCommand>(); }

}  // namespace ldpsim::cli
