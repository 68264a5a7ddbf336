// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "sim/reproduce/plan.hpp"

namespace ldpsim {

/// How long training takes: by measured steps where there are any, else by multiply-accumulates.
struct TimeModel {
  double gmacs_per_second = 1;  ///< of one thread, three passes of training counted
  std::string basis;            ///< where that comes from
  std::string networks_folder;
  int threads = 1;
  std::map<std::string, double> step_seconds;  ///< measured, by step_key()

  static std::string step_key(const PlannedRun& run);
  /// Seconds that a run still takes; nothing where neither its network's size nor a measurement is at hand.
  std::optional<double> seconds_left(const PlannedRun& run) const;
};

/// Reads `file`: keys gmacs_per_second and basis. Throws UserError naming file and line.
TimeModel read_time_model(const std::string& file, const std::string& networks_folder, int threads);

/// "2 h 05 min", "40 s".
std::string duration_text(double seconds);

}  // namespace ldpsim
