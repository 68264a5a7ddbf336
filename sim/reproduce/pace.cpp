// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/pace.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sim/core/error.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

using Meta = std::map<std::string, std::string>;

bool agree(const Meta& one, const Meta& other, const std::vector<std::string>& keys) {
  return std::all_of(keys.begin(), keys.end(),
                     [&](const std::string& key) { return meta_value(one, key) == meta_value(other, key); });
}

/// The seconds behind `name` in a line of the trainer's, 0 if it has none.
double seconds_behind(const std::string& line, const std::string& name) {
  const std::size_t at = line.find("  " + name + " ");
  return at == std::string::npos ? 0 : std::strtod(line.c_str() + at + name.size() + 3, nullptr);
}

/// From the last line that has one.
void read_log(const std::string& file, RecordedPace& pace) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (const double step = seconds_behind(line, "step"); step > 0) {
      pace.step_seconds = step;
      pace.test_seconds = seconds_behind(line, "test");
    }
  }
}

}  // namespace

bool RecordedPace::is_of(const PlannedRun& planned) const { return std::filesystem::path(planned.trace).stem() == run; }

bool RecordedPace::has_test_of(const PlannedRun& planned) const {
  return test_seconds > 0 && agree(meta, planned.meta, {"dataset", "test_dataset", "test_text", "evaluate_images"});
}

std::vector<RecordedPace> recorded_paces(const std::vector<std::string>& folders) {
  std::vector<RecordedPace> paces;
  for (const std::string& folder : folders) {
    std::vector<std::filesystem::path> traces;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
      if (entry.path().extension() == ".trace") traces.push_back(entry.path());
    }
    std::sort(traces.begin(), traces.end());
    for (const std::filesystem::path& trace : traces) {
      RecordedPace pace;
      pace.run = trace.stem().string();
      read_log(log_of(trace.string()), pace);
      if (pace.step_seconds == 0) continue;
      try {
        pace.meta = TraceReader(trace.string()).meta();
        pace.batch = std::strtod(meta_value(pace.meta, "batch").c_str(), nullptr);
        pace.threads = std::strtod(meta_value(pace.meta, "threads").c_str(), nullptr);
        if (pace.batch > 0 && pace.threads > 0) paces.push_back(std::move(pace));
      } catch (const UserError&) {
        // whoever needs the trace says what is wrong with it
      }
    }
  }
  return paces;
}

const RecordedPace* closest_pace(const std::vector<RecordedPace>& paces, const PlannedRun& run, int threads) {
  const RecordedPace* best = nullptr;
  int best_score = -1;
  for (const RecordedPace& pace : paces) {
    const double batches = pace.batch / static_cast<double>(run.batch);
    if (!agree(pace.meta, run.meta, {"network", "image_height", "low_resolution", "tokens"}) || batches < 0.5 ||
        batches > 2)
      continue;
    const int score = (pace.is_of(run) ? 16 : 0) + (batches == 1 ? 8 : 0) + (pace.threads == threads ? 4 : 0) +
                      (pace.has_test_of(run) ? 2 : 0) + (agree(pace.meta, run.meta, {"method"}) ? 1 : 0);
    if (score <= best_score) continue;
    best = &pace;
    best_score = score;
  }
  return best;
}

}  // namespace ldpsim
