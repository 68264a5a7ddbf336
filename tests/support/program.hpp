// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/scratch.hpp"

namespace ldpsim::testing_support {

struct Outcome {
  int code = -1;  ///< exit code; -signal if a signal ended the program
  std::string out, err;
};

/// A program at work, its output kept until it is waited for. It is killed where nobody waits for its end.
class RunningProgram {
 public:
  /// `folder` is its working directory.
  explicit RunningProgram(std::vector<std::string> words, const std::string& folder = ".") {
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string out = scratch_.path("out"), err = scratch_.path("err");
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("fork failed");
    if (child_ > 0) return;
    const int to_out = open(out.c_str(), O_WRONLY | O_CREAT, 0600),
              to_err = open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    if (dup2(to_out, 1) < 0 || dup2(to_err, 2) < 0 || chdir(folder.c_str()) != 0) _exit(126);
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  ~RunningProgram() {
    if (ended_) return;
    signal(SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  bool ended() {
    ended_ = ended_ || waitpid(child_, &status_, WNOHANG) == child_;
    return ended_;
  }
  /// Sends it a signal if it has not ended.
  void signal(int number) {
    if (!ended()) kill(child_, number);
  }
  /// Looks every `pause` whether `condition` holds. False: the program ended before.
  template <class Condition>
  bool runs_until(Condition condition, std::chrono::microseconds pause = std::chrono::milliseconds(2)) {
    while (!condition()) {
      if (ended()) return false;
      std::this_thread::sleep_for(pause);
    }
    return !ended();
  }
  Outcome wait() {
    if (!ended_) waitpid(child_, &status_, 0);
    ended_ = true;
    return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_), read_file(scratch_.path("out")),
            read_file(scratch_.path("err"))};
  }

 private:
  ScratchFolder scratch_;
  pid_t child_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// Runs a program to its end. `folder` is its working directory.
inline Outcome run_program(const std::vector<std::string>& words, const std::string& folder = ".") {
  return RunningProgram(words, folder).wait();
}

/// Path of a program that was built beside this test.
inline std::string built(const std::string& program) { return std::string(LDPSIM_BINARY_DIR) + "/bin/" + program; }

/// Runs the built ldpsim with these arguments.
inline Outcome run_ldpsim(std::vector<std::string> arguments, const std::string& folder = ".") {
  arguments.insert(arguments.begin(), built("ldpsim"));
  return run_program(arguments, folder);
}

}  // namespace ldpsim::testing_support
