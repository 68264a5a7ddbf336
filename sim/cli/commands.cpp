// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/commands.hpp"

namespace ldpsim::cli {

Commands make_commands() {
  Commands commands;
  commands.push_back(make_train_command());
  commands.push_back(make_import_command());
  commands.push_back(make_trace_command());
  commands.push_back(make_verify_command());
  commands.push_back(make_bitops_command());
  commands.push_back(make_reproduce_command());
  commands.push_back(make_simulate_command());
  commands.push_back(make_replay_command());
  commands.push_back(make_sweep_command());
  commands.push_back(make_report_command());
  commands.push_back(make_diff_command());
  commands.push_back(make_validate_command());
  commands.push_back(make_list_command());
  commands.push_back(make_explain_command());
  return commands;
}

}  // namespace ldpsim::cli
