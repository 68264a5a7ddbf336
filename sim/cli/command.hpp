// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/error.hpp"

namespace ldpsim::cli {

namespace po = boost::program_options;

/// One subcommand, one file: `command_<name>.cpp`, registered by one line in commands.cpp.
///
/// Contract: options() only declares; run() does the work and throws UserError for whatever is the user's to mend.
/// Results go to stdout, talk to stderr, progress only to a terminal.
class Command {
 public:
  virtual ~Command() = default;
  virtual std::string name() const = 0;
  virtual std::string summary() const = 0;                ///< one line for the list of commands
  virtual std::string synopsis() const = 0;               ///< "ldpsim replay RUN.trace --arch NAME [options]"
  virtual std::vector<std::string> examples() const = 0;  ///< shown by --help; run by a test
  virtual void options(po::options_description& options, po::positional_options_description& positional) = 0;
  virtual ExitCode run(const po::variables_map& values) = 0;
  /// For a command that passes its arguments on as they are, --help included; options() and run() are then not called.
  virtual std::optional<ExitCode> run_unparsed(const std::vector<std::string>& /*arguments*/) { return std::nullopt; }
};

using Commands = std::vector<std::unique_ptr<Command>>;
/// The commands, in the order of the help text.
Commands make_commands();

/// Parses the command line, runs a command, turns exceptions into one line on stderr and an exit code.
int run(int argc, char* argv[]);

/// Where talk goes: silent with --quiet.
void talk(const po::variables_map& values, const std::string& line);

}  // namespace ldpsim::cli
