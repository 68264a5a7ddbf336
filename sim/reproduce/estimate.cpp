// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/estimate.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "sim/core/yaml_document.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim {

std::string TimeModel::step_key(const PlannedRun& run) {
  return fmt::format("{} {} {}", run.network, run.method, run.batch);
}

std::optional<double> TimeModel::seconds_left(const PlannedRun& run) const {
  const auto steps = static_cast<double>(run.finished ? 0 : run.iterations - run.done);
  if (steps == 0) return 0;
  if (const auto measured = step_seconds.find(step_key(run)); measured != step_seconds.end())
    return steps * measured->second;
  const std::string table = networks_folder + "/" + run.network + ".csv";
  if (!std::filesystem::exists(table)) return std::nullopt;
  const double gmacs = 3.0 * static_cast<double>(read_network_csv(table).network.macs()) / 1e9;
  return steps * static_cast<double>(run.batch) * gmacs / (gmacs_per_second * threads);
}

TimeModel read_time_model(const std::string& file, const std::string& networks_folder, int threads) {
  const YamlDocument document(file);
  TimeModel model;
  model.gmacs_per_second = document.need<double>(document.root(), "gmacs_per_second");
  model.basis = document.need<std::string>(document.root(), "basis");
  model.networks_folder = networks_folder;
  model.threads = threads;
  return model;
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fmt::format("{:.0f} s", seconds);
  const auto minutes = static_cast<long>(std::lround(seconds / 60));
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 48 * 60) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  return fmt::format("{:.0f} days", static_cast<double>(minutes) / 1440);
}

}  // namespace ldpsim
