// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/jobs.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

#include "sim/core/error.hpp"
#include "sim/core/file.hpp"
#include "sim/core/interrupt.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

constexpr int kLookEveryMs = 50;

/// Held by this process and by the trainers that it starts, which inherit it: when it is free, none of them is at work.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder) {
    const std::string file = folder + "/.lock";
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT, 0644);  // not close-on-exec: see above
    if (descriptor_ < 0) throw DamagedFile(file, std::string("cannot be opened: ") + std::strerror(errno));
    // A trainer that was asked to stop may need a moment for its checkpoint.
    for (int waited_ms = 0; ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0; waited_ms += kLookEveryMs) {
      if (waited_ms > 20'000) {
        ::close(descriptor_);
        throw UserError(folder, "another process is at work in this folder", "wait for it, or name another with -o");
      }
      ::poll(nullptr, 0, kLookEveryMs);
    }
  }
  ~FolderLock() { ::close(descriptor_); }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// Threads decide how sums are rounded: a run goes on with those it was begun with.
std::string threads_of(const PlannedRun& run, int otherwise) {
  if (std::filesystem::exists(run.trace)) {
    try {
      const TraceReader trace(run.trace);
      if (const auto threads = trace.meta().find("threads"); threads != trace.meta().end()) return threads->second;
    } catch (const UserError&) {
      // the trainer says what is wrong with it
    }
  }
  return std::to_string(otherwise);
}

std::vector<std::string> command_of(const PlannedRun& run, const TrainerJobs& jobs) {
  std::vector<std::string> words{jobs.trainer};
  words.insert(words.end(), run.arguments.begin(), run.arguments.end());
  words.insert(words.end(), {"--threads", threads_of(run, jobs.threads), "-o", run.trace});
  if (std::filesystem::exists(run.trace)) words.emplace_back("--resume");
  return words;
}

pid_t start(const PlannedRun& run, const TrainerJobs& jobs) {
  std::vector<std::string> words = command_of(run, jobs);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const std::string log = log_of(run.trace);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw UserError("--jobs", std::string("no process: ") + std::strerror(errno), "use fewer jobs");
  if (child > 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(0);  // it died before the line above
  ::signal(SIGINT, SIG_IGN);              // a terminal's interrupt reaches all of them; the parent passes it on
  ::signal(SIGPIPE, SIG_DFL);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644), none = ::open("/dev/null", O_RDONLY);
  if (::dup2(none, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(126);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

std::string last_line_of(const std::string& file) {
  std::ifstream stream(file);
  std::string last;
  for (std::string line; std::getline(stream, line);) {
    if (!line.empty()) last = line;
  }
  return last.empty() ? "no message; see " + file : last;
}

/// The trainers at work, by process.
class Trainers {
 public:
  Trainers(Plan& plan, const TrainerJobs& jobs, const std::function<void(const std::string&)>& tell)
      : plan_(plan), jobs_(jobs), tell_(tell) {}
  ~Trainers() { stop(); }
  Trainers(const Trainers&) = delete;
  Trainers& operator=(const Trainers&) = delete;

  JobsOutcome run() {
    while (!guard_.interrupted()) {
      while (at_work_.size() < jobs_.jobs && begin_next()) {
      }
      if (at_work_.empty()) break;
      collect();
      ::poll(nullptr, 0, kLookEveryMs);
    }
    outcome_.interrupted = guard_.interrupted();
    stop();
    return std::move(outcome_);
  }

 private:
  bool begin_next() {
    while (next_ < plan_.runs.size() && !plan_.runs[next_].missing()) ++next_;
    if (next_ == plan_.runs.size()) return false;
    const PlannedRun& run = plan_.runs[next_];
    const std::string name = std::filesystem::path(run.trace).stem().string();
    tell_(run.done > 0 ? fmt::format("{}: resumed with {} of {} iterations", name, run.done, run.iterations)
                       : fmt::format("{}: begun", name));
    at_work_[start(run, jobs_)] = next_++;
    return true;
  }

  void collect() {
    for (auto at = at_work_.begin(); at != at_work_.end();) {
      int status = 0;
      if (::waitpid(at->first, &status, WNOHANG) == at->first) {
        ended(plan_.runs[at->second], status);
        at = at_work_.erase(at);
      } else {
        ++at;
      }
    }
  }

  void ended(PlannedRun& run, int status) {
    refresh(run);
    const std::string name = std::filesystem::path(run.trace).stem().string();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && run.finished) {
      ++outcome_.made;
      tell_(fmt::format("{}: done", name));
      return;
    }
    const bool stopped = WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(ExitCode::kInterrupted);
    if (stopped && guard_.interrupted()) return;  // else somebody asked this trainer alone
    const std::string why =
        WIFSIGNALED(status) ? fmt::format("ended by signal {}", WTERMSIG(status)) : last_line_of(log_of(run.trace));
    outcome_.failed.emplace_back(run.trace, why);
    tell_(fmt::format("{}: failed: {}", name, why));
  }

  void stop() {
    for (const auto& [process, run] : at_work_) ::kill(process, SIGTERM);
    for (const auto& [process, run] : at_work_) {
      int status = 0;
      while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
      }
      refresh(plan_.runs[run]);
    }
    at_work_.clear();
  }

  Plan& plan_;
  const TrainerJobs& jobs_;
  const std::function<void(const std::string&)>& tell_;
  const InterruptGuard guard_;
  std::map<pid_t, std::size_t> at_work_;
  std::size_t next_ = 0;
  JobsOutcome outcome_;
};

}  // namespace

JobsOutcome run_missing(Plan& plan, const TrainerJobs& jobs, const std::function<void(const std::string&)>& tell) {
  make_folder(plan.request.folder);
  const FolderLock lock(plan.request.folder);
  // what another process finished in the meantime
  for (PlannedRun& run : plan.runs) {
    if (run.missing()) refresh(run);
  }
  return Trainers(plan, jobs, tell).run();
}

}  // namespace ldpsim
