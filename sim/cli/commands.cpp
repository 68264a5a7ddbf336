// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/commands.hpp"

namespace ldpsim::cli {

Commands make_commands() {
  Commands commands;
  commands.push_back(make_bitops_command());
  return commands;
}

}  // namespace ldpsim::cli
