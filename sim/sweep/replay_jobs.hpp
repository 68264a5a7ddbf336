// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "sim/replay/replay.hpp"

namespace ldpsim {

struct ReplayTables {
  Table costs, savings, gap;
  std::vector<std::string> notes;  ///< of the machine
};

struct ReplayOptions {
  Detail detail = Detail::kPass;
  bool memo = true;      ///< off: every iteration is simulated anew
  bool gap = false;      ///< also why claimed and realised saving differ
  std::size_t jobs = 1;  ///< worker processes; with 1 this process does the work
};

/// The run on each machine. nullopt if interrupted. Throws UserError naming the layer if a machine cannot run it.
std::optional<std::vector<ReplayTables>> replay_on(const std::vector<ArchSpec>& archs, const ReplayRun& run,
                                                   const std::vector<Pass>& passes, const ReplayOptions& options);

}  // namespace ldpsim
