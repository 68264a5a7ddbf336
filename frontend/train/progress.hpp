// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

#include "frontend/data/dataset.hpp"

namespace ldpsim::train {

/// Where a run stands.
struct Standing {
  std::int64_t iteration = 0;  ///< completed ones
  double loss = 0, bits = 0, cost = 0;
  double headline = -1;  ///< metric of the last test, negative before the first
};

/// Talks on stderr: on a terminal a line that renews itself, otherwise a line for every test. Silent if quiet. The
/// seconds of a step and of a test are means since the process began.
class Progress {
 public:
  Progress(data::TaskKind task, std::int64_t iterations, std::int64_t first, bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step(const Standing& standing);
  void test_begins() { test_begun_ = Clock::now(); }
  void tested(const Standing& standing);

 private:
  using Clock = std::chrono::steady_clock;
  void print(const Standing& standing, const char* end);

  data::TaskKind task_;
  std::int64_t iterations_, first_;
  bool quiet_, terminal_, line_open_ = false;
  Clock::time_point start_ = Clock::now(), last_{}, test_begun_{};
  double test_seconds_ = 0;  ///< of all tests together
  std::int64_t tests_ = 0;
};

}  // namespace ldpsim::train
