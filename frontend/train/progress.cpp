// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "frontend/tasks/task.hpp"

namespace ldpsim::train {
namespace {

std::string time_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds + 0.5);
  if (whole >= 3600) return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
  return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

Progress::Progress(data::TaskKind task, std::int64_t iterations, std::int64_t first, bool quiet)
    : task_(task), iterations_(iterations), first_(first), quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {
  if (first > 0 && first < iterations && !quiet)
    fmt::print(stderr, "goes on at iteration {} of {}\n", first, iterations);
}

Progress::~Progress() {
  if (line_open_) std::fputc('\n', stderr);
}

void Progress::print(const Standing& standing, const char* end) {
  const double passed = std::chrono::duration<double>(Clock::now() - start_).count();
  const auto done = static_cast<double>(standing.iteration - first_);
  const double step = done > 0 ? (passed - test_seconds_) / done : 0;
  const std::string test =
      tests_ > 0 ? fmt::format("  test {:.3g} s", test_seconds_ / static_cast<double>(tests_)) : "";
  const double left = done > 0 ? passed / done * static_cast<double>(iterations_ - standing.iteration) : 0;
  const std::string headline = standing.headline < 0 ? "-" : tasks::headline_text(task_, standing.headline);
  fmt::print(stderr, "{}{}/{}  loss {:.4f}  {} {}  bits {:.2f}  cost {:.3f}  step {:.3g} s{}  left {}{}",
             terminal_ ? "\r\033[K" : "", standing.iteration, iterations_, standing.loss,
             tasks::headline_of(task_).metric, headline, standing.bits, standing.cost, step, test, time_text(left),
             end);
  std::fflush(stderr);
}

void Progress::step(const Standing& standing) {
  if (quiet_ || !terminal_) return;
  const auto now = Clock::now();
  if (now - last_ < std::chrono::milliseconds(200) && standing.iteration != iterations_) return;
  last_ = now;
  print(standing, "");
  line_open_ = true;
}

void Progress::tested(const Standing& standing) {
  test_seconds_ += std::chrono::duration<double>(Clock::now() - test_begun_).count();
  ++tests_;
  if (quiet_ || terminal_) return;
  print(standing, "\n");
}

}  // namespace ldpsim::train
