// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

using Words = std::vector<std::string>;
using Meta = std::map<std::string, std::string>;

/// Keys that do not change what a run comes to, or that the arguments do not decide.
const std::set<std::string> kIndifferent{"threads", "evaluate_every", "capture"};

/// One run before it is known whether it can be made.
struct Wanted {
  std::string network;
  std::string named;         ///< the dataset as the publication has it
  std::string dataset;       ///< to train on
  std::string test_dataset;  ///< to test on, where it is another one
  std::int64_t seed = 1;
  RunOptions options;

  /// Trained and tested on this set instead.
  void replace_data(const std::string& stand_in) {
    dataset = stand_in;
    test_dataset.clear();
  }

  Words arguments(const Meta& data) const {
    Words words{"--network", network, "--dataset", dataset};
    if (const auto folder = data.find(dataset); folder != data.end())
      words.insert(words.end(), {"--data", folder->second});
    if (!test_dataset.empty()) words.insert(words.end(), {"--test-dataset", test_dataset});
    if (const auto folder = data.find(test_dataset); folder != data.end())
      words.insert(words.end(), {"--test-data", folder->second});
    for (const auto& [option, value] : options) words.insert(words.end(), {"--" + option, value});
    words.insert(words.end(), {"--seed", std::to_string(seed)});
    return words;
  }
  /// The same with every option of the method at its default.
  Words plain_arguments(const Meta& data) const {
    Wanted plain = *this;
    plain.options.clear();
    if (const auto method = options.find("method"); method != options.end()) plain.options.insert(*method);
    return plain.arguments(data);
  }
};

RunOptions merged(RunOptions general, const RunOptions& special) {
  for (const auto& [option, value] : special) general[option] = value;
  return general;
}

/// The range's lower end decides nothing where a method has one precision.
bool decides(const Meta& meta, const std::string& key) {
  if (kIndifferent.contains(key)) return false;
  const auto method = meta.find("method");
  const bool constant = method != meta.end() && (method->second == "static" || method->second == "half");
  return !(constant && key == "weight_bits_min");
}

/// Whether a trace is of this run. A key that the trace lacks, written by an older version, stands for its default.
bool same_run(const Meta& wanted, const Meta& plain, const Meta& found) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    const auto& [key, value] = entry;
    if (!decides(wanted, key)) return true;
    const auto other = found.find(key);
    if (other != found.end()) return other->second == value;
    const auto initial = plain.find(key);
    return initial != plain.end() && initial->second == value;
  });
}

/// "resnet20-cifar10-ldp-1a2b3c4d-s1": what decides the run, but for the seed, is behind the digits.
std::string file_stem(const Meta& meta) {
  std::string text;
  for (const auto& [key, value] : meta) {
    if (key != "seed" && decides(meta, key)) text += key + "=" + value + "\n";
  }
  return fmt::format("{}-{}-{}-{}-s{}", meta.at("network"), meta.at("dataset"), meta.at("method"),
                     sha256_hex(text).substr(0, 8), meta.at("seed"));
}

/// A finished trace of another folder.
struct Found {
  std::string file;
  Meta meta;
  std::int64_t iterations = 0;
};

bool tested_at_the_end(const TraceReader& trace, std::int64_t iterations) {
  const auto evaluations = trace.evaluations();
  return trace.iteration_count() == iterations && !evaluations.empty() &&
         evaluations.back().iteration == iterations - 1;
}

std::vector<Found> find_traces(const std::vector<std::string>& folders, std::vector<std::string>& notes) {
  std::vector<Found> all;
  for (const std::string& folder : folders) {
    if (!std::filesystem::is_directory(folder)) throw UserError("--use", "no such folder: " + folder);
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".trace") files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) {
      try {
        const TraceReader trace(file);
        const std::int64_t planned = trace.meta_integer("iterations", 1, INT64_MAX);
        if (!tested_at_the_end(trace, planned)) {
          notes.push_back(
              fmt::format("{}: not used, it has {} of {} iterations", file, trace.iteration_count(), planned));
        } else {
          all.push_back({file, trace.meta(), planned});
        }
      } catch (const UserError& error) {
        notes.push_back(fmt::format("not used: {}", error.what()));
      }
    }
  }
  return all;
}

class Planner {
 public:
  Planner(const Experiment& experiment, const PlanRequest& request, const Describe& describe)
      : scale_(experiment.scale(request.scale)), describe_(describe) {
    plan_.experiment = &experiment;
    plan_.request = request;
  }

  Plan make() {
    collect();
    ask_about_everything();
    choose_stand_ins();
    make_runs();
    const std::vector<Found> others = find_traces(plan_.request.use, plan_.notes);
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) settle(i, others);
    return std::move(plan_);
  }

 private:
  void collect() {
    for (const ExperimentCase& one : scale_.cases) {
      for (const std::string& network : one.networks) {
        for (const ExperimentGroup& group : plan_.experiment->groups) {
          if (!group.applies_to(network)) continue;
          for (const ExperimentRow& row : group.rows) {
            for (const std::string& dataset : one.datasets) add_cell(one, group, row, network, dataset);
          }
        }
      }
    }
  }

  void add_cell(const ExperimentCase& one, const ExperimentGroup& group, const ExperimentRow& row,
                const std::string& network, const std::string& dataset) {
    RunOptions options = merged(one.options, row.options);
    if (const auto own = one.methods.find(options["method"]); own != one.methods.end())
      options = merged(options, own->second);
    PlannedCell cell{&group, &row, network, dataset, {}};
    for (std::int64_t seed = 1; seed <= plan_.request.seeds; ++seed) {
      cell.runs.push_back(wanted_.size());
      const bool own = one.train_on.empty() || one.train_on == dataset;
      wanted_.push_back({network, dataset, own ? dataset : one.train_on, own ? "" : dataset, seed, options});
    }
    plan_.cells.push_back(std::move(cell));
  }

  /// Starting the trainer takes longer than its answers: one question for all runs, stand-ins included.
  void ask_about_everything() {
    std::vector<Words> questions;
    const auto add = [&](const Wanted& wanted) {
      for (const Words& words : {wanted.arguments(plan_.request.data), wanted.plain_arguments(plan_.request.data)}) {
        if (answers_.try_emplace(words).second) questions.push_back(words);
      }
    };
    for (Wanted wanted : wanted_) {
      add(wanted);
      const auto stand_in = scale_.stand_ins.find(wanted.named);
      if (stand_in == scale_.stand_ins.end()) continue;
      wanted.replace_data(stand_in->second);
      add(wanted);
    }
    std::vector<RunDescription> answers = describe_(questions);
    for (std::size_t i = 0; i < questions.size(); ++i) answers_[questions[i]] = std::move(answers[i]);
  }

  /// A dataset that its own runs cannot have is replaced in all of them.
  void choose_stand_ins() {
    for (const auto& [dataset, stand_in] : scale_.stand_ins) {
      const auto of =
          std::find_if(wanted_.begin(), wanted_.end(), [&name = dataset](const Wanted& w) { return w.named == name; });
      if (of == wanted_.end()) continue;
      const std::string error = answers_.at(of->arguments(plan_.request.data)).error;
      if (error.empty() || error.starts_with("--network") || error.starts_with("--method")) continue;
      for (Wanted& wanted : wanted_) {
        if (wanted.named == dataset) wanted.replace_data(stand_in);
      }
      plan_.notes.push_back(fmt::format("{} stands in for {}: {}", stand_in, dataset, error));
    }
  }

  /// Fills plan_.runs, one for each distinct run.
  void make_runs() {
    std::map<std::string, std::size_t> known;
    std::vector<std::size_t> index(wanted_.size());
    for (std::size_t i = 0; i < wanted_.size(); ++i) {
      const Words arguments = wanted_[i].arguments(plan_.request.data);
      const RunDescription &described = answers_.at(arguments),
                           &plain = answers_.at(wanted_[i].plain_arguments(plan_.request.data));
      const std::string key =
          described.error.empty() ? file_stem(described.meta) : fmt::format("{}", fmt::join(arguments, " "));
      const auto [at, is_new] = known.emplace(key, plan_.runs.size());
      index[i] = at->second;
      if (!is_new) continue;
      PlannedRun run;
      run.network = wanted_[i].network;
      run.dataset = wanted_[i].dataset;
      run.test_dataset = wanted_[i].test_dataset;
      run.seed = wanted_[i].seed;
      const auto method = wanted_[i].options.find("method");
      run.method = method == wanted_[i].options.end() ? "" : method->second;
      run.arguments = arguments;
      run.meta = described.meta;
      run.unavailable = described.error;
      if (described.error.empty()) {
        run.trace = (std::filesystem::path(plan_.request.folder) / (key + ".trace")).string();
        run.iterations = std::stoll(described.meta.at("iterations"));
        run.batch = std::stoll(described.meta.at("batch"));
      }
      plan_.runs.push_back(std::move(run));
      plain_.push_back(plain.meta);
    }
    for (PlannedCell& cell : plan_.cells) {
      for (std::size_t& run : cell.runs) run = index[run];
    }
  }

  /// Takes the trace in the folder, or else a finished one elsewhere.
  void settle(std::size_t i, const std::vector<Found>& others) {
    PlannedRun& run = plan_.runs[i];
    if (!run.unavailable.empty()) return;
    refresh(run);
    if (run.finished) return;
    for (const Found& other : others) {
      if (!same_run(run.meta, plain_[i], other.meta)) continue;
      run.trace = other.file;
      run.done = other.iterations;
      run.finished = run.elsewhere = true;
      return;
    }
  }

  const ExperimentScale& scale_;
  const Describe& describe_;
  Plan plan_;
  std::vector<Wanted> wanted_;
  std::map<Words, RunDescription> answers_;
  std::vector<Meta> plain_;  ///< of plan_.runs, descriptions with the method's defaults
};

}  // namespace

std::string log_of(const std::string& trace) { return trace + ".log"; }

void refresh(PlannedRun& run) {
  run.done = 0;
  run.finished = false;
  if (run.trace.empty() || !std::filesystem::exists(run.trace)) return;
  try {
    const TraceReader trace(run.trace);
    run.done = trace.iteration_count();
    run.finished = tested_at_the_end(trace, run.iterations);
  } catch (const UserError&) {
    // what is damaged is for the run itself to report
  }
}

Plan make_plan(const Experiment& experiment, const PlanRequest& request, const Describe& describe) {
  return Planner(experiment, request, describe).make();
}

}  // namespace ldpsim
