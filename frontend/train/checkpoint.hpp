// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "frontend/train/stepper.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim::train {

/// What a run needs, besides the arguments, to go on as if it had not stopped. Random numbers need none: they are
/// functions of the seed and the iteration.
struct Checkpoint {
  std::int64_t next_iteration = 0;
  double headline = -1;                   ///< metric of the last test; negative before the first
  std::vector<TraceIteration> unwritten;  ///< what the trace had not committed yet
};

enum class Survives {
  kPowerFailure,  ///< flushed to the disk as `file`
  kKill,          ///< beside it, as `file`.step, in the system's memory: some milliseconds where that takes tens
};

/// Writes weights, statistics, velocities and the method's state, all or nothing; on whichever device they are, they
/// can be read on another. Throws DamagedFile if that cannot be done.
void save_checkpoint(const std::string& file, const Checkpoint& checkpoint, const TraceMeta& run, Stepper& stepper,
                     Survives survives = Survives::kPowerFailure);

/// Restores what save_checkpoint wrote last; nullopt if there is nothing. Throws DamagedFile if it cannot be read, and
/// UserError naming the setting if it belongs to a run other than `run`.
std::optional<Checkpoint> load_checkpoint(const std::string& file, const RunIdentity& run, Stepper& stepper);

/// All files of a run's checkpoints, whether they exist or not.
std::vector<std::string> checkpoint_files(const std::string& file);

/// Throws UserError at `file` naming the first key of `run` that `found` has differently. A key that `found` lacks,
/// written by an older version, stands for its default.
void check_same_run(const std::string& file, const RunIdentity& run, const TraceMeta& found);

}  // namespace ldpsim::train
