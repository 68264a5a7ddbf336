// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sim/reproduce/pace.hpp"
#include "sim/reproduce/plan.hpp"

namespace ldpsim {

/// Time that a run still takes, tests included, and what that rests on.
struct Estimate {
  std::optional<double> seconds;  ///< nothing where not even the network's size is known
  std::string basis;              ///< "own pace", "pace of RUN", "measured", "calibrated", "guess" or ""
};

/// What the test part of a data set comes to. Numbers that a set does not have are 0.
struct TestSize {
  double images = 0;
  double low_pixels = 0;         ///< super-resolution: of an image in low resolution, mean
  double tokens = 0, words = 0;  ///< text: of the test part, and of the vocabulary
};

/// How long training takes: by the pace of runs that are there, else by steps measured now, else by the
/// multiply-accumulates of the network and the speed of this machine (or of another one: a guess).
struct TimeModel {
  double gmacs_per_second = 1;  ///< of one thread, three passes of training counted, in calibration_network
  std::string basis;            ///< where that comes from
  bool calibrated = false;      ///< on this machine
  std::string calibration_network;
  std::map<std::string, TestSize> tests;  ///< by data set
  std::string networks_folder;
  int threads = 1;
  std::vector<RecordedPace> recorded;
  std::map<std::string, double> step_seconds;  ///< measured, by step_key()

  static std::string step_key(const PlannedRun& run);
  Estimate estimate(const PlannedRun& run) const;
  /// Whether the estimate of some missing run would rest on multiply-accumulates alone.
  bool needs_calibration(const Plan& plan) const;
  /// Sets the speed from a step of calibration_network that took so long on `threads` threads.
  void calibrate(double seconds, std::int64_t batch);
};

/// Reads `file`. Throws UserError naming file and line.
TimeModel read_time_model(const std::string& file, const std::string& networks_folder, int threads);

/// "2 h 05 min", "40 s".
std::string duration_text(double seconds);

}  // namespace ldpsim
