// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace ldpsim::train {

/// Where a run stands.
struct Standing {
  std::int64_t iteration = 0;                          ///< completed ones
  double loss = 0, accuracy = -1, bits = 0, cost = 0;  ///< accuracy: of the last test, negative before the first
};

/// Talks on stderr: on a terminal a line that renews itself, otherwise a line for every test. Silent if quiet.
class Progress {
 public:
  Progress(std::int64_t iterations, std::int64_t first, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(const Standing& standing);
  void tested(const Standing& standing);

 private:
  using Clock = std::chrono::steady_clock;
  void print(const Standing& standing, const char* end);

  std::int64_t iterations_, first_;
  bool quiet_, terminal_, line_open_ = false;
  Clock::time_point start_ = Clock::now(), last_{};
};

}  // namespace ldpsim::train
