// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/results/diff.hpp"

namespace ldpsim::cli {
namespace {

class DiffCommand : public Command {
 public:
  std::string name() const override { return "diff"; }
  std::string summary() const override { return "compares two results files"; }
  std::string synopsis() const override { return "ldpsim diff A.results B.results [options]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim diff before.results after.results --tolerance 1e-9"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("files", po::value<std::vector<std::string>>()->value_name("FILE"),
                          "the two files; exit code 1 if they differ")(
        "tolerance", po::value<double>()->default_value(0)->value_name("REAL"),
        "largest relative difference of two numbers that count as the same");
    add_format_option(options);
    positional.add("files", -1);
  }
  ExitCode run(const po::variables_map& values) override {
    const std::vector<std::string> files =
        values.count("files") != 0 ? values["files"].as<std::vector<std::string>>() : std::vector<std::string>{};
    if (files.size() != 2)
      throw UserError("ldpsim diff", fmt::format("needs two results files, not {}", files.size()),
                      "usage: " + synopsis());
    const double tolerance = values["tolerance"].as<double>();
    if (!(tolerance >= 0 && tolerance < 1))
      throw UserError("--tolerance", fmt::format("is {}", tolerance), "allowed: 0 to less than 1");
    const ResultsFile before = ResultsFile::open(files[0]), after = ResultsFile::open(files[1]);  // errors in order
    const Table table = diff_results(before, after, tolerance);
    print_table(table, values);
    return table.rows().empty() ? ExitCode::kDone : ExitCode::kCheckFailed;
  }
};

}  // namespace

std::unique_ptr<Command> make_diff_command() { return std::make_unique<DiffCommand>(); }

}  // namespace ldpsim::cli
