// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/replay/captured_passes.hpp"
#include "sim/replay/verify.hpp"

namespace ldpsim::cli {
namespace {

/// How much of what was captured was checked, so that nobody takes a part for the whole.
std::string summary_of(const TraceReader& trace, const VerifyOptions& options, std::size_t checked,
                       std::size_t machines) {
  const auto captured =
      static_cast<std::size_t>(captured_passes(trace, captured_iterations(trace, options.first, options.last)));
  std::string text = fmt::format("{} captured passes, {} checked on {}", captured, checked,
                                 machines == 1 ? "1 machine" : fmt::format("each of {} machines", machines));
  if (captured > checked)
    text += fmt::format("; no machine computes the other {}: backward_data of the network's input", captured - checked);
  return text;
}

class VerifyCommand final : public Command {
 public:
  std::string name() const override { return "verify"; }
  std::string summary() const override { return "run every captured layer and pass bit for bit and compare"; }
  std::string synopsis() const override { return "ldpsim verify RUN.trace --arch NAME [--arch NAME] [options]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim verify traces/resnet20-cifar10-ldp.trace --arch stripes --arch bitfusion",
            "ldpsim verify traces/resnet20-cifar10-ldp.trace --arch stripes --set accumulator.bits=24 --format csv"};
  }

  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("trace", po::value<std::string>()->value_name("FILE"), "trace with captured operands")(
        "iterations", po::value<std::string>()->value_name("A:B"), "captured iterations A to B-1 alone");
    add_machine_options(options);
    add_format_option(options);
    positional.add("trace", 1);
  }

  ExitCode run(const po::variables_map& values) override {
    if (values.count("trace") == 0) throw UserError("ldpsim verify", "no trace given", "usage: " + synopsis());
    const std::vector<Machine> machines = machines_of(values);
    const TraceReader trace(values["trace"].as<std::string>());
    VerifyOptions options;
    if (values.count("iterations") != 0)
      std::tie(options.first, options.last) = iteration_range_of(values["iterations"].as<std::string>());
    const bool progress = values.count("quiet") == 0 && isatty(STDERR_FILENO) != 0;
    options.on_mismatch = [progress](const std::string& line) {
      fmt::print(stderr, "{}{}\n", progress ? "\r\033[K" : "", line);
    };
    if (progress) {
      options.on_progress = [](std::int64_t done, std::int64_t all) {
        if (done % 8 == 0 || done == all)
          fmt::print(stderr, "\r\033[Kverify: {} of {} passes{}", done, all, done == all ? "\r\033[K" : "");
      };
    }
    Accelerator accelerator;
    const std::vector<VerifiedPass> passes = verify_trace(trace, machines, accelerator, options);
    Table table = verify_table(passes);
    const std::string summary = summary_of(trace, options, passes.size() / machines.size(), machines.size());
    table.note(summary);
    print_table(table, values);
    if (table_format_of(values["format"].as<std::string>()) == TableFormat::kCsv)  // which has no notes
      talk(values, trace.file() + ": " + summary);
    const std::int64_t wrong = mismatches(passes);
    if (wrong == 0) return ExitCode::kDone;
    fmt::print(stderr, "{}: {} mismatches\n", trace.file(), wrong);
    return ExitCode::kCheckFailed;
  }
};

}  // namespace

std::unique_ptr<Command> make_verify_command() { return std::make_unique<VerifyCommand>(); }

}  // namespace ldpsim::cli
