// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "sim/replay/replay.hpp"

namespace ldpsim {

struct ReplayTables {
  Table costs, savings, gap;
  std::vector<std::string> notes;  ///< of the machine
};

/// A run on a machine.
struct ReplayTask {
  ArchSpec arch;
  const ReplayRun* run = nullptr;
};

struct ReplayOptions {
  Detail detail = Detail::kPass;
  bool memo = true;      ///< off: every iteration is simulated anew
  bool gap = false;      ///< also why claimed and realised saving differ
  std::size_t jobs = 1;  ///< worker processes; with 1 this process does the work
};

/// Tables of every task, in their order. nullopt if interrupted. Throws UserError naming the layer if a machine cannot
/// run it.
std::optional<std::vector<ReplayTables>> replay_all(const std::vector<ReplayTask>& tasks,
                                                    const std::vector<Pass>& passes, const ReplayOptions& options);

}  // namespace ldpsim
