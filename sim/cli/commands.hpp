// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cli/command.hpp"

namespace ldpsim::cli {

// One maker a subcommand, defined in command_<name>.cpp.
std::unique_ptr<Command> make_diff_command();
std::unique_ptr<Command> make_import_command();
std::unique_ptr<Command> make_trace_command();
std::unique_ptr<Command> make_train_command();
std::unique_ptr<Command> make_verify_command();
std::unique_ptr<Command> make_bitops_command();
std::unique_ptr<Command> make_reproduce_command();
std::unique_ptr<Command> make_simulate_command();
std::unique_ptr<Command> make_replay_command();
std::unique_ptr<Command> make_sweep_command();
std::unique_ptr<Command> make_report_command();
std::unique_ptr<Command> make_validate_command();
std::unique_ptr<Command> make_list_command();
std::unique_ptr<Command> make_explain_command();

}  // namespace ldpsim::cli
