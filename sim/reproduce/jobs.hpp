// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/reproduce/plan.hpp"

namespace ldpsim {

/// How the missing runs are made.
struct TrainerJobs {
  std::string trainer;   ///< the program
  std::size_t jobs = 1;  ///< runs side by side
  int threads = 1;       ///< of each; a run that was begun with another number goes on with that
};

struct JobsOutcome {
  bool interrupted = false;
  std::size_t made = 0;                                     ///< runs that ended well
  std::vector<std::pair<std::string, std::string>> failed;  ///< trace and the last line of its log
};

/// Runs or resumes what the plan misses, each run as a process of the trainer with a log beside its trace, and looks
/// again at their traces. Interrupted (SIGINT, SIGTERM), it asks the trainers to stop, which they do with a checkpoint;
/// however this process ends, they are asked. Only one process at a time works in a folder: throws UserError if another
/// one, or a trainer of it, still does. `tell` is called with a line whenever a run begins or ends.
JobsOutcome run_missing(Plan& plan, const TrainerJobs& jobs, const std::function<void(const std::string&)>& tell);

}  // namespace ldpsim
