// SPDX-License-Identifier: Apache-2.0
#include <c10/util/Exception.h>
#include <torch/version.h>

#include <fmt/format.h>

#include <exception>
#include <filesystem>
#include <new>

#include "frontend/cli/describe.hpp"
#include "frontend/data/listing.hpp"
#include "frontend/models/model.hpp"
#include "frontend/train/trainer.hpp"
#include "sim/core/error.hpp"

namespace {

using ldpsim::ExitCode;
using ldpsim::UserError;

void print_help() {
  fmt::print(
      "usage: ldptrain [OPTION...] -o FILE        (also: ldpsim train ...)\n\n"
      "Trains a network in low precision and records the bits of every layer in every iteration.\n\n{}\n"
      "example:\n"
      "  ldpsim train --network resnet20 --dataset fashion-mnist --method ldp --bits 3:8 --gradient-bits 8 "
      "--iterations 2000 -o run.trace\n\n"
      "Killed at any moment, a run continues with the same arguments and --resume, and its trace ends as if it had not "
      "stopped.\n",
      ldpsim::cli::help_lines(ldpsim::train::option_specs()));
}

template <typename Entries>
void print_list(const Entries& entries) {
  for (const auto& entry : entries) fmt::print("{:<16} {}\n", entry.name, entry.summary);
}

void print_chosen_list(const ldpsim::cli::Arguments& arguments) {
  const std::string what = arguments.choice("list", {"networks", "methods", "datasets"});
  if (what == "networks") print_list(ldpsim::models::builtin_models());
  if (what == "methods") print_list(ldpsim::methods::builtin_methods());
  if (what == "datasets") fmt::print("{}", ldpsim::data::listing(ldpsim::data::dataset_rows()));
}

void run(const std::vector<std::string>& words) {
  const ldpsim::cli::Arguments arguments(ldpsim::train::option_specs(), words);
  if (arguments.on("help")) return print_help();
  if (arguments.on("version")) return fmt::print("ldptrain {} (LibTorch {})\n", LDPSIM_VERSION, TORCH_VERSION);
  if (arguments.given("list")) return print_chosen_list(arguments);
  if (arguments.on("describe")) {
    return words.size() == 1 ? ldpsim::cli::describe_runs() : ldpsim::cli::describe_run(words);
  }
  const ldpsim::train::Settings settings = ldpsim::train::settings_from(arguments);
  if (settings.benchmark_steps > 0) return ldpsim::train::benchmark(settings, arguments);
  ldpsim::train::prepare_process(settings);
  if (settings.test_only) return ldpsim::train::test(settings, arguments);
  ldpsim::train::train(settings, arguments);
}

int report(const std::string& message, ExitCode code) {
  fmt::print(stderr, "{}\n", message);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run({argv + 1, argv + argc});
    return static_cast<int>(ExitCode::kDone);
  } catch (const UserError& error) {
    return report(error.what(), error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    // A link to itself, a folder that may not be entered, ...
    return report(fmt::format("{}: error: {}", error.path1().string(), error.code().message()), ExitCode::kUsage);
  } catch (const std::bad_alloc&) {
    return report("ldptrain: error: out of memory; try a smaller --batch", ExitCode::kUsage);
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    if (message.find("memory") != std::string::npos) {
      return report("ldptrain: error: out of memory; try a smaller --batch", ExitCode::kUsage);
    }
    return report(fmt::format("ldptrain: internal error: {}", message.substr(0, message.find('\n'))), ExitCode::kBug);
  } catch (const std::exception& error) {
    return report(fmt::format("ldptrain: internal error: {}", error.what()), ExitCode::kBug);
  }
}
