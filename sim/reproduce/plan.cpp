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
  const ExperimentRow* row = nullptr;
  const ExperimentCase* of = nullptr;

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
  /// With data sets in a folder that is there, whatever it holds: what the trainer says of these is not about data.
  Words arguments_without_data() const {
    Meta data{{dataset, "/"}};
    if (!test_dataset.empty()) data[test_dataset] = "/";
    return arguments(data);
  }
  /// The same with every option of the method at its default.
  Words plain_arguments() const {
    Wanted plain = *this;
    plain.options = {*options.find("method")};
    return plain.arguments_without_data();
  }
  /// Whether the user said where some of its data is; then all of it is to be that which was meant.
  bool names_data(const Meta& data) const { return data.contains(dataset) || data.contains(test_dataset); }
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

/// The data of each set, as the digests of the traces that are used have it: a folder of one's own may hold other data
/// under the same name.
class SeenData {
 public:
  /// The trace of other data under the same name, "" if there is none.
  std::string contradicting(const std::string& file, const Meta& meta) {
    const std::string digest = meta_value(meta, "dataset_sha256");
    if (digest.empty()) return "";
    const std::string name = meta_value(meta, "dataset") + "\n" + meta_value(meta, "test_dataset");
    const Seen& first = seen_.try_emplace(name, Seen{digest, file}).first->second;
    return first.digest == digest ? "" : first.file;
  }

 private:
  struct Seen {
    std::string digest, file;
  };
  std::map<std::string, Seen> seen_;
};

/// "--method: error: unknown method 'x'" as a part of another message.
std::string as_part(std::string message) {
  const std::string word = ": error: ";
  if (const std::size_t at = message.find(word); at != std::string::npos) message.replace(at, word.size(), ": ");
  return message;
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
    for (const Wanted& wanted : wanted_) require_named_data(wanted);
    others_ = find_traces(plan_.request.use, plan_.notes);
    choose_stand_ins();
    make_runs();
    for (PlannedRun& run : plan_.runs) settle_here(run);
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) settle_elsewhere(i);
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
      wanted_.push_back(
          {network, dataset, own ? dataset : one.train_on, own ? "" : dataset, seed, options, &row, &one});
    }
    plan_.cells.push_back(std::move(cell));
  }

  /// Starting the trainer takes longer than its answers: one question for all runs, stand-ins included.
  void ask_about_everything() {
    std::vector<Wanted> all = wanted_;
    for (Wanted wanted : wanted_) {
      const auto stand_in = scale_.stand_ins.find(wanted.named);
      if (stand_in == scale_.stand_ins.end()) continue;
      wanted.replace_data(stand_in->second);
      all.push_back(wanted);
    }
    std::vector<Words> questions;
    for (const Wanted& wanted : all) {
      for (const Words& words :
           {wanted.arguments(plan_.request.data), wanted.arguments_without_data(), wanted.plain_arguments()}) {
        if (answers_.try_emplace(words).second) questions.push_back(words);
      }
    }
    std::vector<RunDescription> answers = describe_(questions);
    for (std::size_t i = 0; i < questions.size(); ++i) answers_[questions[i]] = std::move(answers[i]);
    for (const Wanted& wanted : all) refuse_wrong(wanted);
  }

  /// Of a run that the trainer would refuse with any data, too.
  void refuse_wrong(const Wanted& wanted) const {
    const std::string& error = answers_.at(wanted.arguments_without_data()).error;
    if (error.empty()) return;
    throw UserError(wanted.row->where,
                    fmt::format("row '{} {}' with the case at {} of scale '{}', {} on {}, is refused by the trainer",
                                wanted.row->label, wanted.row->precision, wanted.of->where, plan_.request.scale,
                                wanted.network, wanted.dataset),
                    as_part(error));
  }

  /// Nothing stands in for what the user named.
  void require_named_data(const Wanted& wanted) const {
    const std::string& error = data_error(wanted);
    if (!error.empty() && wanted.names_data(plan_.request.data))
      throw UserError("--data",
                      fmt::format("{} on {}{}{} cannot be trained", wanted.network, wanted.dataset,
                                  wanted.test_dataset.empty() ? "" : ", tested on ", wanted.test_dataset),
                      as_part(error));
  }

  /// Why its data is not at hand; empty if it is.
  const std::string& data_error(const Wanted& wanted) const {
    return answers_.at(wanted.arguments(plan_.request.data)).error;
  }
  const Meta& meta_of(const Wanted& wanted) const { return answers_.at(wanted.arguments_without_data()).meta; }
  const Meta& plain_meta_of(const Wanted& wanted) const { return answers_.at(wanted.plain_arguments()).meta; }

  bool is_finished(const Wanted& wanted) const {
    PlannedRun run = planned(wanted);
    refresh(run);
    return run.finished || std::any_of(others_.begin(), others_.end(), [&](const Found& other) {
             return same_run(run.meta, plain_meta_of(wanted), other.meta);
           });
  }

  /// A dataset that is not at hand is replaced in all of its runs, unless some of them are finished.
  void choose_stand_ins() {
    for (const auto& [dataset, stand_in] : scale_.stand_ins) {
      const auto is_of = [&name = dataset](const Wanted& wanted) { return wanted.named == name; };
      const auto first = std::find_if(wanted_.begin(), wanted_.end(), is_of);
      if (first == wanted_.end() || data_error(*first).empty()) continue;
      if (std::any_of(first, wanted_.end(), [&](const Wanted& one) { return is_of(one) && is_finished(one); }))
        continue;
      const std::string error = data_error(*first);
      for (Wanted& wanted : wanted_) {
        if (is_of(wanted)) wanted.replace_data(stand_in);
      }
      plan_.notes.push_back(fmt::format("{} stands in for {}: {}", stand_in, dataset, error));
    }
  }

  PlannedRun planned(const Wanted& wanted) const {
    PlannedRun run;
    run.network = wanted.network;
    run.dataset = wanted.dataset;
    run.test_dataset = wanted.test_dataset;
    run.seed = wanted.seed;
    run.method = wanted.options.at("method");
    run.arguments = wanted.arguments(plan_.request.data);
    run.meta = meta_of(wanted);
    run.unavailable = data_error(wanted);
    run.trace = (std::filesystem::path(plan_.request.folder) / (file_stem(run.meta) + ".trace")).string();
    run.iterations = std::stoll(run.meta.at("iterations"));
    run.batch = std::stoll(run.meta.at("batch"));
    return run;
  }

  /// Fills plan_.runs, one for each distinct run.
  void make_runs() {
    std::map<std::string, std::size_t> known;
    std::vector<std::size_t> index;
    for (const Wanted& wanted : wanted_) {
      PlannedRun run = planned(wanted);
      const auto [at, is_new] = known.emplace(run.trace, plan_.runs.size());
      index.push_back(at->second);
      if (!is_new) continue;
      plan_.runs.push_back(std::move(run));
      plain_.push_back(plain_meta_of(wanted));
    }
    for (PlannedCell& cell : plan_.cells) {
      for (std::size_t& run : cell.runs) run = index[run];
    }
  }

  /// Takes the trace in the folder.
  void settle_here(PlannedRun& run) {
    refresh(run);
    if (!run.finished) return;
    run.unavailable.clear();
    const std::string first = data_.contradicting(run.trace, TraceReader(run.trace).meta());
    if (first.empty()) return;
    run.finished = false;
    run.unavailable = fmt::format("{}: its {} holds other data than that of {}; move one of them away", run.trace,
                                  run.dataset, first);
  }

  /// Or else a finished one elsewhere.
  void settle_elsewhere(std::size_t i) {
    PlannedRun& run = plan_.runs[i];
    if (run.finished) return;
    for (const Found& other : others_) {
      if (!same_run(run.meta, plain_[i], other.meta)) continue;
      if (const std::string first = data_.contradicting(other.file, other.meta); !first.empty()) {
        plan_.notes.push_back(
            fmt::format("{}: not used, its {} holds other data than that of {}", other.file, run.dataset, first));
        continue;
      }
      run.trace = other.file;
      run.done = other.iterations;
      run.finished = run.elsewhere = true;
      run.unavailable.clear();
      return;
    }
  }

  const ExperimentScale& scale_;
  const Describe& describe_;
  Plan plan_;
  std::vector<Wanted> wanted_;
  std::vector<Found> others_;
  SeenData data_;
  std::map<Words, RunDescription> answers_;
  std::vector<Meta> plain_;  ///< of plan_.runs, descriptions with the method's defaults
};

}  // namespace

std::string meta_value(const Meta& meta, const std::string& key) {
  const auto found = meta.find(key);
  return found == meta.end() ? "" : found->second;
}

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
