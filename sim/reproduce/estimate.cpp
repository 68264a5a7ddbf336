// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "sim/core/yaml_document.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim {
namespace {

constexpr double kPasses = 3;                // of training; a test is one
constexpr double kPredictedShare = 7. / 32;  // of a sample's tokens in a test of text; the others are its context

double number_of(const PlannedRun& run, const std::string& key) {
  const auto found = run.meta.find(key);
  return found == run.meta.end() || found->second.empty() ? 0 : std::stod(found->second);
}

std::string tested_set(const PlannedRun& run) {
  const auto found = run.meta.find("test_dataset");
  return found == run.meta.end() || found->second.empty() ? run.dataset : found->second;
}

/// Tests from the next iteration to the last.
double tests_left(const PlannedRun& run) {
  const auto every = static_cast<std::int64_t>(number_of(run, "evaluate_every"));
  if (every == 0) return 1;
  const std::int64_t tests = run.iterations / every - run.done / every + (run.iterations % every == 0 ? 0 : 1);
  return static_cast<double>(tests);
}

/// Samples of the size that the network trains on, in one test; 0 where the data set is not known.
double samples_of_test(const PlannedRun& run, const TestSize& size) {
  const double limit = number_of(run, "evaluate_images");
  double samples = size.images;
  if (const double tokens = number_of(run, "tokens"); tokens > 0) samples = size.tokens / (tokens * kPredictedShare);
  if (limit > 0 && (samples == 0 || limit < samples)) samples = limit;
  const double low = number_of(run, "low_resolution");
  return low > 0 ? samples * size.low_pixels / (low * low) : samples;
}

std::string table_of(const PlannedRun& run, const std::string& folder) { return folder + "/" + run.network + ".csv"; }

/// Forward, of a sample of the run's size and vocabulary; its table may be of others.
std::optional<double> gmacs_of_sample(const PlannedRun& run, const std::string& folder, double words) {
  const std::string table = table_of(run, folder);
  if (!std::filesystem::exists(table)) return std::nullopt;
  const Network network = read_network_csv(table).network;
  const Layer &first = network.layers.front(), &last = network.layers.back();
  auto macs = static_cast<double>(network.macs());
  if (words > 0) macs += static_cast<double>(last.macs()) * (words / static_cast<double>(last.out_channels) - 1);
  for (const char* key : {"image_height", "low_resolution", "tokens"}) {
    const double size = number_of(run, key) / static_cast<double>(first.in_height);
    if (size > 0) macs *= first.in_width > 1 ? size * size : size;
  }
  return macs / 1e9;
}

/// Seconds of a step and a test, and what they rest on.
struct Pace {
  double step = 0, test = 0;
  std::string basis;
};

std::optional<Pace> pace_of(const PlannedRun& run, const TimeModel& model) {
  const auto size = model.tests.find(tested_set(run));
  const TestSize none, &test = size == model.tests.end() ? none : size->second;
  const auto with_tests = [&](double step, const std::string& basis) {
    return Pace{step, step * samples_of_test(run, test) / (kPasses * static_cast<double>(run.batch)), basis};
  };
  if (const RecordedPace* recorded = closest_pace(model.recorded, run, model.threads)) {
    const double slower = recorded->threads / model.threads;
    Pace pace = with_tests(recorded->step_seconds * slower * static_cast<double>(run.batch) / recorded->batch,
                           recorded->is_of(run) ? "own pace" : "pace of " + recorded->run);
    if (recorded->has_test_of(run)) pace.test = recorded->test_seconds * slower;
    return pace;
  }
  if (const auto measured = model.step_seconds.find(TimeModel::step_key(run)); measured != model.step_seconds.end())
    return with_tests(measured->second, "measured");
  const std::optional<double> gmacs = gmacs_of_sample(run, model.networks_folder, test.words);
  if (!gmacs) return std::nullopt;
  return with_tests(kPasses * static_cast<double>(run.batch) * *gmacs / (model.gmacs_per_second * model.threads),
                    model.calibrated ? "calibrated" : "guess");
}

}  // namespace

std::string TimeModel::step_key(const PlannedRun& run) {
  return fmt::format("{} {} {}", run.network, run.method, run.batch);
}

Estimate TimeModel::estimate(const PlannedRun& run) const {
  if (run.finished) return {0, ""};
  const std::optional<Pace> pace = pace_of(run, *this);
  if (!pace) return {};
  return {static_cast<double>(run.iterations - run.done) * pace->step + tests_left(run) * pace->test, pace->basis};
}

bool TimeModel::needs_calibration(const Plan& plan) const {
  return std::any_of(plan.runs.begin(), plan.runs.end(), [&](const PlannedRun& run) {
    return run.missing() && std::filesystem::exists(table_of(run, networks_folder)) &&
           closest_pace(recorded, run, threads) == nullptr && !step_seconds.contains(step_key(run));
  });
}

void TimeModel::calibrate(double seconds, std::int64_t batch) {
  const Network network = read_network_csv(networks_folder + "/" + calibration_network + ".csv").network;
  gmacs_per_second =
      kPasses * static_cast<double>(batch) * static_cast<double>(network.macs()) / 1e9 / (seconds * threads);
  basis = fmt::format("a step of {} with {} samples took {:.3g} s just now", calibration_network, batch, seconds);
  calibrated = true;
}

TimeModel read_time_model(const std::string& file, const std::string& networks_folder, int threads) {
  const YamlDocument document(file);
  const YAML::Node& root = document.root();
  TimeModel model;
  model.gmacs_per_second = document.need<double>(root, "gmacs_per_second");
  model.basis = document.need<std::string>(root, "basis");
  model.calibration_network = document.need<std::string>(root, "network");
  for (const auto& entry : root["tests"]) {
    const YAML::Node& size = entry.second;
    model.tests[entry.first.as<std::string>()] = {
        document.get<double>(size, "images", 0), document.get<double>(size, "low_pixels", 0),
        document.get<double>(size, "tokens", 0), document.get<double>(size, "words", 0)};
  }
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
