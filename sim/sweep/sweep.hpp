// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sim/replay/replay.hpp"
#include "sim/results/results_file.hpp"

namespace ldpsim {

/// One documented key and the values to try.
struct GridAxis {
  std::string key;
  std::vector<std::string> values;
  /// Parses "key=a,b,c". Throws UserError at --grid.
  static GridAxis of(const std::string& text);
};

/// One part of a sweep: of n parts the i-th (1..n).
struct Shard {
  std::int64_t index = 1, count = 1;
  /// Parses "i/n". Throws UserError at --shard.
  static Shard of(const std::string& text);
};

struct SweepPoint {
  ArchSpec arch;
  std::vector<std::pair<std::string, std::string>> settings;  ///< in the order of the axes
  ResultPoint point;
};

/// What is asked of every machine.
struct SweepQuestion {
  ReplayRun run;
  std::vector<Pass> passes;
};

/// The cartesian product of machines and axes, machine by machine, the last axis fastest. An axis whose key a machine
/// does not have is left out for that machine; a key that no machine has, a repeated key or value, and a bad value are
/// UserErrors at --grid.
std::vector<SweepPoint> plan_sweep(const std::vector<ArchSpec>& archs, const std::vector<GridAxis>& axes,
                                   const SweepQuestion& question);

/// The result of a point, one row. If the machine cannot be made or cannot run the workload, the row says so in `error`
/// and has no figures.
Table price_point(Accelerator& accelerator, const SweepPoint& point, const std::vector<GridAxis>& axes,
                  const SweepQuestion& question);

struct SweepOutcome {
  std::int64_t found = 0, computed = 0;                     ///< points that were there already, and points of this run
  std::vector<std::pair<std::string, std::string>> failed;  ///< label and error
  bool interrupted = false;
};

/// Computes what is missing in `file`, each point in a transaction of its own. `progress` is called with points done
/// and points in all.
SweepOutcome run_sweep(const std::vector<SweepPoint>& points, const std::vector<GridAxis>& axes,
                       const SweepQuestion& question, ResultsFile& file, std::size_t jobs, Shard shard,
                       const std::function<void(std::int64_t, std::int64_t)>& progress);

}  // namespace ldpsim
