// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <thread>

#include "sim/arch/arch_spec.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/cli/trainer_program.hpp"
#include "sim/core/error.hpp"
#include "sim/core/file.hpp"
#include "sim/core/suggest.hpp"
#include "sim/reproduce/figures.hpp"
#include "sim/reproduce/jobs.hpp"
#include "sim/reproduce/tables.hpp"

namespace ldpsim::cli {
namespace {

const std::string kName = "ldpsim reproduce";

std::int64_t count_option(const po::variables_map& values, const std::string& option, std::int64_t most) {
  const auto count = values[option].as<std::int64_t>();
  if (count < 1 || count > most)
    throw UserError("--" + option, fmt::format("is {}", count), fmt::format("allowed: 1 to {}", most));
  return count;
}

std::vector<std::string> words_option(const po::variables_map& values, const std::string& option) {
  return values.count(option) == 0 ? std::vector<std::string>() : values[option].as<std::vector<std::string>>();
}

/// "cifar10=/data/cifar-10-batches-bin" and the like. What is named must be there: nothing stands in for it.
std::map<std::string, std::string> data_folders(const po::variables_map& values) {
  std::map<std::string, std::string> folders;
  for (const std::string& word : words_option(values, "data")) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      throw UserError("--data", "'" + word + "' names no data set", "write --data NAME=DIR, e.g. cifar10=DIR");
    const std::string name = word.substr(0, equals), folder = word.substr(equals + 1);
    std::error_code failed;
    if (!std::filesystem::is_directory(folder, failed))
      throw UserError("--data", fmt::format("'{}': no such folder", word),
                      fmt::format("name the folder of {}; ldpsim list datasets says what it holds", name));
    if (!folders.emplace(name, std::filesystem::absolute(folder).string()).second)
      throw UserError("--data", fmt::format("'{}': {} is named twice", word, name), "name one folder for it");
  }
  return folders;
}

/// Throws UserError for a data set that there is not, and tells which ones the experiment does not use.
void check_data_names(const Experiment& experiment, const std::map<std::string, std::string>& data,
                      const po::variables_map& values) {
  const std::set<std::string> used = experiment.datasets();
  std::vector<std::string> known;
  for (const auto& [name, folder] : data) {
    if (used.contains(name)) continue;
    if (known.empty()) {
      std::istringstream lines(output_of_trainer(kName, {"--list", "datasets"}));
      for (std::string line; std::getline(lines, line);) known.push_back(line.substr(0, line.find('\t')));
    }
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UserError("--data", fmt::format("unknown data set '{}'", name), allowed_hint(name, known));
    talk(values, fmt::format("--data {}: {} does not use it", name, experiment.name));
  }
}

/// Asks the trainer what these runs are; a line of arguments each, an answer up to an empty line.
std::vector<RunDescription> describe_runs(const std::vector<std::vector<std::string>>& runs) {
  std::string lines;
  for (const auto& words : runs) lines += fmt::format("{}\n", fmt::join(words, "\t"));
  std::istringstream answer(output_of_trainer(kName, {"--describe"}, lines));
  std::vector<RunDescription> all(runs.size());
  for (RunDescription& one : all) {
    for (std::string line; std::getline(answer, line) && !line.empty();) {
      const std::string key = line.substr(0, line.find('=')), value = line.substr(line.find('=') + 1);
      if (key == "error") {
        one.error = value;
      } else {
        one.meta[key] = value;
      }
    }
    if (one.meta.empty() && one.error.empty()) throw InternalError("the trainer did not describe a run");
  }
  return all;
}

/// Seconds of a training step of `method`, as the trainer's benchmark prints them: "ldp step   123.4 ms".
std::optional<double> benchmark_seconds(std::vector<std::string> words, const std::string& method, int threads) {
  words.insert(words.end(), {"--threads", std::to_string(threads), "--benchmark", "3"});
  std::istringstream lines(output_of_trainer(kName, words));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream parts(line);
    std::string name, step;
    double ms = 0;
    if (parts >> name >> step >> ms && step == "step" && name == method && ms > 0) return ms / 1e3;
  }
  return std::nullopt;
}

void measure_steps(const Plan& plan, TimeModel& model, const po::variables_map& values) {
  for (const PlannedRun& run : plan.runs) {
    const std::string key = TimeModel::step_key(run);
    if (!run.missing() || model.step_seconds.contains(key)) continue;
    talk(values, "measuring " + key);
    if (const auto seconds = benchmark_seconds(run.arguments, run.method, model.threads))
      model.step_seconds[key] = *seconds;
  }
}

/// What the estimates rest on: --measure, else the logs of runs that are there, else a short measurement.
TimeModel time_model(const Plan& plan, const std::string& folder, const po::variables_map& values) {
  TimeModel model = read_time_model(folder + "/settings/time.yaml", data_directory("networks"),
                                    static_cast<int>(count_option(values, "threads", 1024)));
  if (values.count("measure") != 0) {
    measure_steps(plan, model, values);
    return model;
  }
  std::vector<std::string> folders{plan.request.folder};
  folders.insert(folders.end(), plan.request.use.begin(), plan.request.use.end());
  model.recorded = recorded_paces(folders);
  if (values.count("no-training") != 0 || !model.needs_calibration(plan)) return model;
  constexpr std::int64_t kBatch = 16;  // enough for about a second
  const auto seconds = benchmark_seconds(
      {"--network", model.calibration_network, "--batch", std::to_string(kBatch), "--method", "static"}, "static",
      model.threads);
  if (seconds) model.calibrate(*seconds, kBatch);
  double load = 0;
  if (seconds && ::getloadavg(&load, 1) == 1 && load > std::thread::hardware_concurrency())
    model.basis += fmt::format("; other work slows it, the load is {:.1f}", load);
  return model;
}

void draw(const std::vector<FigureData>& figures, const std::string& folder, const po::variables_map& values) {
  std::vector<std::string> words{data_directory("reports") + "/ldpsim-figures"};
  for (const FigureData& figure : figures) {
    const std::string file = folder + "/" + figure.name + ".json";
    write_file(file, figure.json);
    words.push_back(file);
  }
  if (figures.empty()) return;
  run_to_its_end(kName, words);
  for (const FigureData& figure : figures)
    talk(values, fmt::format("{0}/{1}.svg, {0}/{1}.png: figure", folder, figure.name));
}

class ReproduceCommand final : public Command {
 public:
  std::string name() const override { return "reproduce"; }
  std::string summary() const override {
    return "runs the experiment behind a published table or figure, and writes it anew";
  }
  std::string synopsis() const override { return kName + " TABLE|FIGURE|FILE.yaml [--dry-run] [-o DIR] [options]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim reproduce table3 --dry-run",
            "ldpsim reproduce table3 --scale small --seeds 3 -j 2 --data cifar10=DIR -o runs/table3"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("what", po::value<std::string>()->value_name("NAME"),
                          "a table or figure; without one, they are listed")(
        "scale", po::value<std::string>()->default_value("small")->value_name("full|small|trial"),
        "full: as published; small: fits an evening on two cores; trial: some minutes, to see that everything runs")(
        "seeds", po::value<std::int64_t>()->default_value(1)->value_name("N"), "runs of everything, seeds 1 to N")(
        "output,o", po::value<std::string>()->default_value("runs/reproduce")->value_name("DIR"),
        "folder of the traces, the table and the figures; what is there already is not trained again")(
        "use", po::value<std::vector<std::string>>()->composing()->value_name("DIR"),
        "take finished traces of the same runs from this folder, too; it is only read")(
        "data", po::value<std::vector<std::string>>()->composing()->value_name("NAME=DIR"),
        "folder of a data set that no package has; may be repeated")("dry-run", "show the plan and do nothing")(
        "no-training", "write the table and figures of the runs that are finished")(
        "measure", "measure a few training steps of each kind for the estimates")(
        "threads", po::value<std::int64_t>()->default_value(1)->value_name("N"), "threads of each run");
    add_jobs_option(options);
    add_format_option(options);
    positional.add("what", 1);
  }
  ExitCode run(const po::variables_map& values) override {
    const std::string folder = data_directory("experiments");
    table_format_of(values["format"].as<std::string>());  // refuses an unknown one before anything is trained
    if (values.count("what") == 0) {
      print_table(list(folder), values);
      return ExitCode::kDone;
    }
    const Experiment experiment = read_experiment(values["what"].as<std::string>(), folder);
    const auto published = read_published_of(experiment, data_directory("published"), data_directory("networks"));
    const PlanRequest request{values["scale"].as<std::string>(), values["output"].as<std::string>(),
                              count_option(values, "seeds", 1000), data_folders(values), words_option(values, "use")};
    experiment.scale(request.scale);  // refuses an unknown one
    check_data_names(experiment, request.data, values);
    Plan plan = make_plan(experiment, request, describe_runs);
    const std::size_t jobs = jobs_of(values);
    const TimeModel model = time_model(plan, folder, values);
    const Table planned = plan_table(plan, model, jobs);
    if (values.count("dry-run") != 0) {
      print_table(planned, values);
      return ExitCode::kDone;
    }
    talk(values, planned.render(TableFormat::kText));
    if (values.count("no-training") != 0) {
      make_folder(request.folder);
      write(plan, published, values);
      return ExitCode::kDone;
    }
    const TrainerJobs trainer{trainer_path(kName), jobs, model.threads};
    const JobsOutcome outcome = run_missing(plan, trainer, [&](const std::string& line) { talk(values, line); });
    if (outcome.interrupted) {
      talk(values, request.folder + ": interrupted; the same command does the rest");
      return ExitCode::kInterrupted;
    }
    write(plan, published, values);
    for (const auto& [trace, why] : outcome.failed) fmt::print(stderr, "{}: failed: {}\n", trace, why);
    return outcome.failed.empty() ? ExitCode::kDone : ExitCode::kCheckFailed;
  }

 private:
  static Table list(const std::string& folder) {
    Table table({"experiment", "scale", "description"});
    for (const std::string& name : experiment_names(folder)) {
      const Experiment experiment = read_experiment(name, folder);
      std::string scales;
      for (const auto& [scale, of] : experiment.scales) scales += (scales.empty() ? "" : ", ") + scale;
      table.add({name, scales, experiment.title});
    }
    return table;
  }

  static void write(const Plan& plan, const std::vector<PublishedEntry>& published, const po::variables_map& values) {
    const Experiment& experiment = *plan.experiment;
    const std::vector<CellOutcome> outcomes = outcomes_of(plan, published);
    const Table layout = layout_table(plan, outcomes, published), numbers = number_table(plan, outcomes);
    const std::string stem = plan.request.folder + "/" + experiment.name;
    write_file(stem + ".txt", layout.render(TableFormat::kText));
    write_file(stem + ".csv", numbers.render(TableFormat::kCsv));
    write_file(stem + "-layout.csv", layout.render(TableFormat::kCsv));
    const bool as_text = table_format_of(values["format"].as<std::string>()) == TableFormat::kText;
    print_table(as_text ? layout : numbers, values);
    talk(values, fmt::format("{0}.txt, {0}-layout.csv, {0}.csv: table", stem));
    const std::vector<FigureData> figures = figure_data(plan, outcomes, published);
    for (const ExperimentFigure& figure : experiment.figures) {
      if (std::none_of(figures.begin(), figures.end(),
                       [&](const FigureData& drawn) { return drawn.name == figure.name; }))
        talk(values, fmt::format("{}: not drawn, no run of it is finished", figure.name));
    }
    draw(figures, plan.request.folder, values);
  }
};

}  // namespace

std::unique_ptr<Command> make_reproduce_command() { return std::make_unique<ReproduceCommand>(); }

}  // namespace ldpsim::cli
