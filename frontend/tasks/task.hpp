// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/stream.hpp"
#include "frontend/models/catalogue.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim::train {
struct Settings;
}

namespace ldpsim::tasks {

/// Some samples as a network takes them, and what it shall make of them.
struct Batch {
  at::Tensor input;   ///< images [N, 3, H, W] (channels last) or tokens [N, T]
  at::Tensor target;  ///< labels [N] or shares [N, classes]; images [N, 3, 4H, 4W]; tokens [N, T]
  /// Of several processes each has a part: its first sample in the whole batch, and the weight of that. 0: all.
  std::int64_t first = 0, whole = 0;
};

/// What the loss of a batch is a mean over: samples, of texts the tokens that have a target.
std::int64_t weight_of(data::TaskKind kind, const Batch& batch);

/// The batch with its tensors on a device.
Batch on_device(const Batch& batch, at::Device device);

struct Metric {
  std::string name;  ///< as traces have it
  double value = 0;
};

/// How the number by which a task is judged is shown.
struct Headline {
  const char* metric;
  const char* unit;
  double factor;  ///< from the metric to the unit
  bool lower_is_better;
};
Headline headline_of(data::TaskKind kind);
/// "83.16 %", "26.01 dB", "31.20".
std::string headline_text(data::TaskKind kind, double value);

/// Mean loss of a batch: cross-entropy (of every token), with `label_smoothing`, or the mean absolute error of images.
at::Tensor loss_of(data::TaskKind kind, const at::Tensor& output, const at::Tensor& target, double label_smoothing);

/// A batch of random numbers with the shapes of `extent`, for measurements that need no data.
Batch random_batch(data::TaskKind kind, const models::Extent& extent, std::int64_t samples);

/// Share of the samples (or tokens that have a target) whose likeliest class is the target's. Throws UserError for
/// images as outputs.
double accuracy_of(data::TaskKind kind, const at::Tensor& output, const at::Tensor& target);

/// A dataset made ready for training and testing.
class Task {
 public:
  using Infer = std::function<at::Tensor(const at::Tensor& input)>;

  virtual ~Task() = default;
  virtual models::Extent extent() const = 0;
  virtual std::int64_t batches_per_epoch() const = 0;
  /// Training samples of an epoch, the last batch of which is what is left; 0: every batch is full.
  virtual std::int64_t train_samples() const { return 0; }
  /// The training batch of an iteration, a pure function of data, settings and iteration. Iterations are asked for in
  /// order, from whichever a run begins with.
  virtual Batch train_batch(std::int64_t iteration) = 0;
  /// Runs `limit` test samples (0: all) through `infer`, a batch at a time: of a folder of classes spread over them,
  /// else the first ones. The headline's metric is one of those returned; none where there is nothing to test on.
  virtual std::vector<Metric> test(const Infer& infer, std::int64_t limit) = 0;
  /// What decides the outcome of a run: digest of the data, counts, and all of description_without_data().
  virtual TraceMeta describe() const = 0;
};

/// Height and width of a sample, or its tokens: as asked for, else as published for the network.
std::int64_t sample_size(const train::Settings& settings);

/// What settings alone say of the samples: their size, how they are changed, and what is tested on.
TraceMeta description_without_data(const train::Settings& settings);

/// Order of the samples of a training set of `count`: those of the batch of `iteration`, a new shuffle each epoch, the
/// last batch of an epoch being what is left.
class SampleOrder {
 public:
  SampleOrder(std::int64_t count, std::int64_t batch, std::uint64_t seed) : count_(count), batch_(batch), seed_(seed) {}
  std::int64_t count() const { return count_; }
  std::int64_t batches_per_epoch() const { return (count_ + batch_ - 1) / batch_; }
  std::span<const std::int64_t> batch(std::int64_t iteration);

 private:
  std::int64_t count_, batch_;
  std::uint64_t seed_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;
};

/// For streams of batches that begin with that of iteration `first`; in training this process has its part of each.
/// Damaged files are named on stderr.
data::StreamSettings stream_settings(const train::Settings& settings, std::int64_t first, bool training);

/// What `make` makes of this process's part of a batch; it gets the samples and the place of the first one.
Batch part_of_batch(std::span<const std::int64_t> samples, const train::Settings& settings,
                    const std::function<Batch(std::span<const std::int64_t> part, std::int64_t first)>& make);

/// The task of settings.dataset, its data read. Throws UserError or DamagedFile.
std::unique_ptr<Task> make_task(const train::Settings& settings);

/// One file each.
std::unique_ptr<Task> image_folder_task(const train::Settings& settings);
std::unique_ptr<Task> small_images_task(const train::Settings& settings);
std::unique_ptr<Task> super_resolution_task(const train::Settings& settings);
std::unique_ptr<Task> language_modelling_task(const train::Settings& settings);

}  // namespace ldpsim::tasks
