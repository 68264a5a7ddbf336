// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/scratch.hpp"

namespace ldpsim::testing_support {

struct Outcome {
  int code = -1;  ///< exit code; -signal if a signal ended the program
  std::string out, err;
};

/// Runs a program to its end. `folder` is its working directory.
inline Outcome run_program(const std::vector<std::string>& words, const std::string& folder = ".") {
  const ScratchFolder scratch;
  const std::string out = scratch.path("out"), err = scratch.path("err");
  std::vector<char*> argv;
  std::vector<std::string> copy = words;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    const int to_out = open(out.c_str(), O_WRONLY | O_CREAT, 0600),
              to_err = open(err.c_str(), O_WRONLY | O_CREAT, 0600);
    if (dup2(to_out, 1) < 0 || dup2(to_err, 2) < 0 || chdir(folder.c_str()) != 0) _exit(126);
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(out), read_file(err)};
}

/// Runs the built ldpsim with these arguments.
inline Outcome run_ldpsim(std::vector<std::string> arguments, const std::string& folder = ".") {
  arguments.insert(arguments.begin(), std::string(LDPSIM_BINARY_DIR) + "/bin/ldpsim");
  return run_program(arguments, folder);
}

}  // namespace ldpsim::testing_support
