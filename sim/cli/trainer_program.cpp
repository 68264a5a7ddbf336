// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/trainer_program.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "sim/core/error.hpp"

namespace ldpsim::cli {
namespace {

/// Returns only if it fails.
void execute(const std::string& program, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& word : arguments) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
}

std::string all_of(int descriptor) {
  std::string text;
  std::array<char, 4096> piece{};
  for (ssize_t got; (got = ::read(descriptor, piece.data(), piece.size())) != 0;) {
    if (got > 0) text.append(piece.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR) break;
  }
  return text;
}

/// A file in memory that holds `text`, open at its beginning.
int file_of(const std::string& text) {
  const int descriptor = ::memfd_create("input", MFD_CLOEXEC);
  std::size_t written = 0;
  while (descriptor >= 0 && written < text.size()) {
    const ssize_t put = ::write(descriptor, text.data() + written, text.size() - written);
    if (put < 0 && errno != EINTR) break;
    if (put > 0) written += static_cast<std::size_t>(put);
  }
  if (descriptor < 0 || written < text.size() || ::lseek(descriptor, 0, SEEK_SET) != 0)
    throw InternalError(std::string("no file in memory: ") + std::strerror(errno));
  return descriptor;
}

/// Whether it ended with 0.
bool wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

pid_t fork_or_throw(const std::string& command) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw UserError(command, std::string("no process: ") + std::strerror(errno));
  return child;
}

}  // namespace

std::string trainer_path(const std::string& command) {
  std::error_code failed;
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
  const std::filesystem::path trainer = here / "ldptrain";
  if (!std::filesystem::exists(trainer, failed)) {
    throw UserError(command, "there is no ldptrain beside this ldpsim (" + here.string() + ")",
                    "this build is without LibTorch; configure with -DLDPSIM_WITH_TORCH=ON, as scripts/setup does");
  }
  return trainer.string();
}

void become_trainer(const std::string& command, const std::vector<std::string>& arguments) {
  const std::string trainer = trainer_path(command);
  std::fflush(nullptr);
  execute(trainer, arguments);
  throw UserError(command, trainer + " cannot be run: " + std::strerror(errno));
}

std::string output_of_trainer(const std::string& command, const std::vector<std::string>& arguments,
                              const std::string& input) {
  const std::string trainer = trainer_path(command);
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw UserError(command, std::string("no pipe: ") + std::strerror(errno));
  const int stdin_file = file_of(input);
  const pid_t child = fork_or_throw(command);
  if (child == 0) {
    ::dup2(stdin_file, STDIN_FILENO);
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    execute(trainer, arguments);
    ::_exit(127);
  }
  ::close(stdin_file);
  ::close(ends[1]);
  std::string text = all_of(ends[0]);
  ::close(ends[0]);
  if (!wait_for(child)) throw UserError(command, trainer + " failed");
  return text;
}

void run_to_its_end(const std::string& command, std::vector<std::string> words) {
  const std::string program = words.front();
  words.erase(words.begin());
  const pid_t child = fork_or_throw(command);
  if (child == 0) {
    execute(program, words);
    ::_exit(127);
  }
  if (!wait_for(child)) throw UserError(command, program + " failed");
}

}  // namespace ldpsim::cli
