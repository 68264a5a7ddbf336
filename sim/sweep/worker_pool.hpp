// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>

namespace ldpsim {

/// Processes that answer questions. SystemC has one kernel a process and elaborates once in it, so work is shared
/// between processes, not threads: each worker is forked before this process elaborates anything, and makes its own
/// Accelerator.
class WorkerPool {
 public:
  /// Called in the worker with the number of a task; returns the answer as bytes.
  using Work = std::function<std::string(std::size_t task)>;
  /// Called once in each worker, to set up what its tasks share.
  using MakeWork = std::function<Work()>;
  /// Called in this process for every answer, in the order in which they come.
  using Done = std::function<void(std::size_t task, const std::string& answer)>;

  /// Answers all tasks with `jobs` workers. False if it was interrupted (SIGINT, SIGTERM): then all answers that had
  /// come were handed to `done`, and the workers are gone. Workers do not outlive this process, however it ends. Throws
  /// what a task throws (UserError, else InternalError with its text), and InternalError naming the task if a worker
  /// dies.
  static bool run(std::size_t jobs, std::span<const std::size_t> tasks, const MakeWork& make_work, const Done& done);
};

}  // namespace ldpsim
