// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/reproduce/plan.hpp"

namespace ldpsim {

/// How fast a run went, as the log beside its trace has it: the trainer's lines end with "step 0.41 s  test 12.1 s left
/// 1:02:03".
struct RecordedPace {
  std::string run;  ///< the trace's name without its ending
  std::map<std::string, std::string> meta;
  double batch = 0, threads = 0;
  double step_seconds = 0, test_seconds = 0;  ///< means over the last process that worked on it

  bool is_of(const PlannedRun& planned) const;
  bool has_test_of(const PlannedRun& planned) const;  ///< on as many samples of the same set
};

/// The paces of all traces in `folders` whose logs have one, sorted by file. Folders and traces that cannot be read are
/// left out.
std::vector<RecordedPace> recorded_paces(const std::vector<std::string>& folders);

/// The pace that says most of `run`: of the same network and sample size, on a like batch (half to twice as large), if
/// possible of the run itself, of its method, batch and threads. Null if there is none.
const RecordedPace* closest_pace(const std::vector<RecordedPace>& paces, const PlannedRun& run, int threads);

}  // namespace ldpsim
