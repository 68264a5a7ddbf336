// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>
#include <zstd.h>
#include <systemc>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <new>

#include "sim/cli/command.hpp"
#include "sim/core/memory.hpp"
#include "sim/core/suggest.hpp"
#include "sim/datapath/builtin.hpp"

namespace ldpsim::cli {
namespace {

po::options_description shared_options() {
  po::options_description shared("General");
  shared.add_options()("help,h", "show this help with an example")(
      "quiet,q", "no progress and no remarks, only results and errors");
  return shared;
}

void print_overview(const Commands& commands) {
  fmt::print(
      "ldpsim - what learned low precision costs on bit-serial and fused arrays, in training and inference\n\n"
      "usage: ldpsim COMMAND [arguments]        ldpsim COMMAND --help\n\n");
  for (const auto& command : commands) fmt::print("  {:<10} {}\n", command->name(), command->summary());
  fmt::print("\nexample: ldpsim replay traces/resnet20-cifar10-ldp.trace --arch stripes --arch bitfusion\n");
}

void print_help(const Command& command, const po::options_description& options) {
  fmt::print("{}\n\nusage: {}\n", command.summary(), command.synopsis());
  std::cout << options << std::flush;
  fmt::print("\nexamples:\n");
  for (const std::string& example : command.examples()) fmt::print("  {}\n", example);
}

void print_version() {
  fmt::print("ldpsim {}\nSystemC {}\nSQLite {}\nzstd {}\nfmt {}.{}.{}\n", LDPSIM_VERSION, sc_core::sc_release(),
             sqlite3_libversion(), ZSTD_versionString(), FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
             FMT_VERSION % 100);
}

int run_command(Command& command, const std::vector<std::string>& arguments) {
  if (const std::optional<ExitCode> code = command.run_unparsed(arguments)) return static_cast<int>(*code);
  po::options_description options("Options");
  po::positional_options_description positional;
  command.options(options, positional);
  options.add(shared_options());
  po::variables_map values;
  try {
    // no guessing of abbreviations: a typo must not silently mean something else
    const int style = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments).options(options).positional(positional).style(style).run(), values);
    if (values.count("help") != 0) {
      print_help(command, options);
      return static_cast<int>(ExitCode::kDone);
    }
    po::notify(values);
  } catch (const po::unknown_option& error) {
    std::vector<std::string> known;
    for (const auto& option : options.options()) known.push_back("--" + option->long_name());
    throw UserError("ldpsim " + command.name(), "unknown option '" + error.get_option_name() + "'",
                    allowed_hint(error.get_option_name(), known));
  } catch (const po::too_many_positional_options_error&) {
    throw UserError("ldpsim " + command.name(), "too many arguments", "usage: " + command.synopsis());
  } catch (const po::error& error) {
    throw UserError("ldpsim " + command.name(), error.what(), "usage: " + command.synopsis());
  }
  return static_cast<int>(command.run(values));
}

int dispatch(int argc, char* argv[]) {
  register_builtin_pe_arrays();
  const Commands commands = make_commands();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print_overview(commands);
    return static_cast<int>(arguments.empty() ? ExitCode::kUsage : ExitCode::kDone);
  }
  if (arguments[0] == "--version") {
    print_version();
    return static_cast<int>(ExitCode::kDone);
  }
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command->name() == arguments[0]) return run_command(*command, {arguments.begin() + 1, arguments.end()});
    names.push_back(command->name());
  }
  throw UserError("ldpsim", "unknown command '" + arguments[0] + "'", allowed_hint(arguments[0], names));
}

}  // namespace

void talk(const po::variables_map& values, const std::string& line) {
  if (values.count("quiet") == 0) fmt::print(stderr, "{}\n", line);
}

int run(int argc, char* argv[]) {
  keep_freed_memory();
  // A file that may not grow is an error like a full disk, with a message and an exit code.
  std::signal(SIGXFSZ, SIG_IGN);
  const auto fail = [](const std::string& line, ExitCode code) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", line);
    return static_cast<int>(code);
  };
  const char* const unwritable = "error: standard output cannot be written; is the disk full?";
  try {
    const int code = dispatch(argc, argv);
    std::cout.flush();
    return std::fflush(stdout) != 0 || std::ferror(stdout) != 0 ? fail(unwritable, ExitCode::kDamaged) : code;
  } catch (const UserError& error) {
    return fail(error.what(), error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    // A link to itself, a folder that may not be entered, ...
    return fail(fmt::format("{}: error: {}", error.path1().string(), error.code().message()), ExitCode::kUsage);
  } catch (const std::bad_alloc&) {
    return fail("error: out of memory; use fewer --jobs or a smaller --iterations range", ExitCode::kUsage);
  } catch (const std::exception& error) {
    if (std::ferror(stdout) != 0) return fail(unwritable, ExitCode::kDamaged);  // printing throws at a full disk
    return fail(fmt::format("internal error: {}; this is a bug of ldpsim, please report it with the command line",
                            error.what()),
                ExitCode::kBug);
  }
}

}  // namespace ldpsim::cli
