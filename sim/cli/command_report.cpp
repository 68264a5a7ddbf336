// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "sim/arch/arch_spec.hpp"
#include "sim/cli/commands.hpp"

namespace ldpsim::cli {
namespace {

/// Becomes the report writer in reports/, a Python program that knows the options and prints the help.
class ReportCommand : public Command {
 public:
  std::string name() const override { return "report"; }
  std::string summary() const override {
    return "one self-contained HTML page with figures about traces and results files";
  }
  std::string synopsis() const override { return "ldpsim report FILE... -o PAGE.html [options]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim report run.trace run.results -o report.html --figures figures/"};
  }
  void options(po::options_description&, po::positional_options_description&) override {}
  ExitCode run(const po::variables_map&) override { throw InternalError("'report' takes its arguments unparsed"); }

  std::optional<ExitCode> run_unparsed(const std::vector<std::string>& arguments) override {
    std::vector<std::string> words{data_directory("reports") + "/ldpsim-report"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    setenv("LDPSIM_VERSION", LDPSIM_VERSION, 1);
    std::fflush(nullptr);
    execv(argv[0], argv.data());
    throw UserError("ldpsim report", words[0] + " cannot be run: " + std::strerror(errno),
                    "it needs /usr/bin/python3; install the package python3");
  }
};

}  // namespace

std::unique_ptr<Command> make_report_command() { return std::make_unique<ReportCommand>(); }

}  // namespace ldpsim::cli
