// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/trainer.hpp"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>

#include "frontend/export/capture.hpp"
#include "frontend/methods/cost.hpp"
#include "frontend/scale/ensemble.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/agreement.hpp"
#include "frontend/train/applicable.hpp"
#include "frontend/train/checkpoint.hpp"
#include "frontend/train/progress.hpp"
#include "frontend/train/stepper.hpp"
#include "frontend/train/summary.hpp"
#include "sim/core/error.hpp"
#include "sim/core/file.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim::train {
namespace {

std::atomic<int> stop_signal{0};

void ask_to_stop(int signal) { stop_signal = signal; }

/// One run, from its first or its next iteration to its last.
class Run {
  using Clock = std::chrono::steady_clock;

 public:
  Run(const Settings& settings, const cli::Arguments& arguments)
      : settings_(settings),
        task_(tasks::make_task(settings)),
        identity_(identify(settings, arguments, task_->describe())),
        stepper_(settings, arguments, task_->extent(), task_->batches_per_epoch()),
        batches_per_epoch_(task_->batches_per_epoch()) {
    find_captured_layers();
    check_arguments_agree();
    check_batches(settings, task_->train_samples(), least_batch(stepper_.model()));
    if (leads()) {
      open_trace();
      wait_for_others();  // they read the checkpoint only now
    } else {
      wait_for_others();
      follow();
    }
    check_agreement({{"next_iteration", std::to_string(next_)}});
  }

  void go() {
    Progress progress(task_kind(), settings_.iterations, next_, settings_.quiet);
    try {
      while (next_ < settings_.iterations) {
        iterate(progress);
        if (stop_signal != 0) {
          save();
          throw UserError(settings_.trace, fmt::format("interrupted after iteration {}", next_ - 1),
                          "continue with --resume", ExitCode::kInterrupted);
        }
      }
    } catch (...) {
      if (trace_) trace_->commit();
      throw;
    }
    scale::ensemble().part();
    if (!leads()) return;
    for (const auto& [name, value] : stepper_.method().findings()) trace_->set_meta(name, value);
    trace_->set_meta("convolution", identity_.meta.at("convolution"));  // older versions began traces without
    if (!settings_.device.is_cpu()) trace_->set_meta("device", settings_.device.str());
    save();
  }

 private:
  /// Of several processes the first writes trace and checkpoints and tests.
  bool leads() const { return settings_.meeting.rank == 0; }

  /// Before anything is written, and before tensors of unlike sizes are summed.
  void check_arguments_agree() const {
    TraceMeta arguments = identity_.meta;
    arguments["resume"] = settings_.resume ? "on" : "off";
    check_agreement(arguments);
  }

  static void wait_for_others() {
    if (scale::ensemble().alone()) return;
    at::Tensor nothing = at::zeros({1});
    scale::ensemble().sum(nothing);
  }

  void follow() {
    if (!settings_.resume) return;
    if (const auto checkpoint = load_checkpoint(settings_.checkpoint, identity_, stepper_))
      next_ = checkpoint->next_iteration;
  }

  data::TaskKind task_kind() const { return model_entry(settings_.network).task; }

  void find_captured_layers() {
    std::vector<std::string> names;
    const Network& network = stepper_.model().network();
    for (std::size_t i = 0; i < network.layers.size(); ++i) {
      if (!network.layers[i].quantised) continue;
      names.push_back(network.layers[i].name);
      if (settings_.capture.layers.empty()) captured_layers_.insert(i);
    }
    for (const std::string& wanted : settings_.capture.layers) {
      if (std::find(names.begin(), names.end(), wanted) == names.end()) {
        throw UserError("--capture", fmt::format("{} has no quantised layer '{}'", network.name, wanted),
                        allowed_hint(wanted, names));
      }
      for (std::size_t i = 0; i < network.layers.size(); ++i) {
        if (network.layers[i].name == wanted) captured_layers_.insert(i);
      }
    }
  }

  void open_trace() {
    const bool exists = std::filesystem::exists(settings_.trace);
    if (exists && !settings_.resume && !settings_.force) {
      throw UserError(settings_.trace, "the file exists already", "--resume continues that run, --force overwrites it");
    }
    if (!exists && !settings_.force) refuse_lonely_checkpoint();
    if (exists && settings_.resume) {
      reopen_trace();
    } else {
      create_trace();
    }
  }

  /// What a long run has learned must not go because its trace was moved.
  void refuse_lonely_checkpoint() const {
    for (const std::string& file : checkpoint_files(settings_.checkpoint)) {
      if (!std::filesystem::exists(file)) continue;
      throw UserError(settings_.trace, fmt::format("is missing, but its checkpoint {} is there", file),
                      "--resume continues that run once its trace is back, --force starts anew without either");
    }
  }

  void create_trace() {
    const std::string target = output_target(settings_.trace);  // no pipe nor device, which would be removed below
    // Neither a checkpoint nor a rollback journal of an earlier run may be taken for one of this.
    std::vector<std::string> files = checkpoint_files(settings_.checkpoint);
    files.insert(files.end(), {target, target + "-journal"});
    for (const std::string& file : files) {
      std::error_code ignored;  // what stays in the way is reported by create()
      std::filesystem::remove(file, ignored);
    }
    trace_ = TraceWriter::create(settings_.trace, identity_.meta, stepper_.model().network().layers);
  }

  void reopen_trace() {
    output_target(settings_.trace);  // no pipe, which would never be read
    check_same_run(settings_.trace, identity_, TraceReader(settings_.trace).meta());
    const std::optional<Checkpoint> found = load_checkpoint(settings_.checkpoint, identity_, stepper_);
    // Killed before its first checkpoint a run may have recorded its first iteration, and no other.
    if (const std::int64_t there = TraceReader(settings_.trace).iteration_count(); !found && there > 1) {
      throw DamagedFile(settings_.trace,
                        fmt::format("has {} iterations, but {} is missing", there, settings_.checkpoint),
                        "--force starts anew");
    }
    const Checkpoint checkpoint = found.value_or(Checkpoint{});
    next_ = checkpoint.next_iteration;
    standing_.headline = checkpoint.headline;
    complete_trace(checkpoint.unwritten);
  }

  /// Up to the next iteration, with what the checkpoint knows that the trace does not.
  void complete_trace(const std::vector<TraceIteration>& unwritten) {
    const std::int64_t there = TraceReader(settings_.trace).iteration_count();
    if (there < next_ && (unwritten.empty() || unwritten.front().iteration > there)) {
      throw DamagedFile(settings_.trace,
                        fmt::format("lacks iterations before {}, where its checkpoint continues", next_),
                        "--force starts anew");
    }
    trace_ = TraceWriter::resume(settings_.trace, next_);
    for (const TraceIteration& row : unwritten) {
      if (row.iteration >= there) trace_->add(row);
    }
    trace_->commit();
  }

  void iterate(Progress& progress) {
    const std::int64_t i = next_;
    const std::vector<methods::Precision> precision = stepper_.method().precision(i);
    const bool capture = settings_.capture.at(i);
    standing_.loss = stepper_.step(task_->train_batch(i), i, capture ? captured_layers_ : std::set<std::size_t>{});
    standing_.bits = methods::mean_bits(precision);
    standing_.cost = methods::training_cost(stepper_.model().network(), precision, settings_.precision.static_bits);
    standing_.iteration = i + 1;
    if (leads()) record(i, precision);
    if (leads() && capture) {
      record_operands(i, precision);
      commit();
    }
    if ((i + 1) % batches_per_epoch_ == 0) stepper_.method().after_epoch();
    next_ = i + 1;
    if (leads()) report(i, progress);
  }

  void report(std::int64_t i, Progress& progress) {
    progress.step(standing_);
    const bool last = next_ == settings_.iterations;
    if (last || (settings_.evaluate_every > 0 && next_ % settings_.evaluate_every == 0)) {
      progress.test_begins();
      evaluate(i);
      progress.tested(standing_);
      commit();
    }
    if (next_ % settings_.checkpoint_every == 0) return save();
    if (Clock::now() - committed_ > std::chrono::seconds(5)) commit();
    save_step();
  }

  void record(std::int64_t iteration, const std::vector<methods::Precision>& precision) {
    TraceIteration row;
    row.iteration = iteration;
    row.epoch = iteration / batches_per_epoch_;
    row.loss = standing_.loss;
    row.learning_rate = settings_.learning_rate_at(iteration);
    for (const methods::Precision& p : precision) {
      row.weight_bits.push_back(static_cast<std::uint8_t>(p.weight));
      row.activation_bits.push_back(static_cast<std::uint8_t>(p.activation));
      row.gradient_bits.push_back(static_cast<std::uint8_t>(p.gradient));
    }
    trace_->add(row);
    unwritten_.push_back(std::move(row));
  }

  void record_operands(std::int64_t iteration, const std::vector<methods::Precision>& precision) {
    for (const std::size_t layer : captured_layers_) {
      quant::Site& site = stepper_.model().sites()[layer];
      if (precision[layer].weight == 0) continue;
      capture::add_operands(*trace_, iteration, static_cast<std::int64_t>(layer), site, layer == 0);
      site.capture.reset();
    }
  }

  void evaluate(std::int64_t iteration) {
    const auto infer = [&](const at::Tensor& input) { return stepper_.infer(input, iteration); };
    for (const tasks::Metric& metric : task_->test(infer, settings_.evaluate_images)) {
      trace_->add(TraceEvaluation{iteration, "test", metric.name, metric.value});
      if (metric.name == tasks::headline_of(task_kind()).metric) standing_.headline = metric.value;
    }
  }

  void commit() {
    trace_->commit();
    unwritten_.clear();
    committed_ = Clock::now();
  }

  /// The trace first: it must never be behind its checkpoint.
  void save() {
    if (!leads()) return;
    commit();
    save_checkpoint(settings_.checkpoint, {next_, standing_.headline, {}}, identity_.meta, stepper_);
  }

  /// After every step; of networks so large, or steps so short, that this would take more than a tenth of the time,
  /// more seldom.
  void save_step() {
    const Clock::time_point now = Clock::now();
    if (step_cost_ > std::chrono::milliseconds(20) && now - step_saved_ < 10 * step_cost_) return;
    save_checkpoint(settings_.checkpoint, {next_, standing_.headline, unwritten_}, identity_.meta, stepper_,
                    Survives::kKill);
    step_saved_ = Clock::now();
    step_cost_ = step_saved_ - now;
  }

  const Settings& settings_;
  std::unique_ptr<tasks::Task> task_;
  RunIdentity identity_;
  Stepper stepper_;
  std::int64_t batches_per_epoch_;
  std::set<std::size_t> captured_layers_;
  std::optional<TraceWriter> trace_;
  std::int64_t next_ = 0;
  Standing standing_;
  std::vector<TraceIteration> unwritten_;  // since the last commit
  Clock::time_point committed_ = Clock::now(), step_saved_ = committed_;
  Clock::duration step_cost_{};
};

}  // namespace

void train(const Settings& settings, const cli::Arguments& arguments) {
  if (settings.meeting.size > 1) scale::join(scale::gloo_ensemble(settings.meeting));
  Run run(settings, arguments);
  // Not before: there is no iteration to finish, and waiting for other processes must end at once.
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  run.go();
  if (settings.meeting.rank == 0) print_summary(settings);
}

}  // namespace ldpsim::train
