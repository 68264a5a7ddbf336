// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <set>
#include <vector>

#include "frontend/methods/method.hpp"
#include "frontend/models/model.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/optimiser.hpp"
#include "frontend/train/settings.hpp"

namespace ldpsim::train {

/// Model, method and optimiser of a run, and one training step of theirs.
class Stepper {
 public:
  /// `batches_per_epoch` is for methods that count epochs.
  Stepper(const Settings& settings, const cli::Arguments& arguments, const models::Extent& extent,
          std::int64_t batches_per_epoch = 391);

  /// Forward, backward, update of weights and precisions. Returns the loss. Throws UserError naming iteration and layer
  /// on numbers that are not finite. The operands of the layers in `captured` are kept in the model's sites until the
  /// next step.
  double step(const tasks::Batch& given, std::int64_t iteration, const std::set<std::size_t>& captured);

  /// Output, on the CPU, with running statistics and the precision of `iteration`, and the mean of the weights where
  /// the recipe has one.
  at::Tensor infer(const at::Tensor& input, std::int64_t iteration);

  /// Every tensor that training changes, in the order of the model.
  std::vector<at::Tensor> changing_tensors();

  models::Model& model() { return *model_; }
  methods::Method& method() { return *method_; }
  at::Device device() const { return settings_.device; }

 private:
  void sum_gradients();
  void update_averages();
  void prepare_sites(std::int64_t iteration, bool training, const std::set<std::size_t>& captured);
  /// Says where in the whole batch this process's samples begin.
  void place_samples(std::int64_t first);

  const Settings& settings_;
  data::TaskKind task_;
  std::unique_ptr<models::Model> model_;
  std::unique_ptr<methods::Method> method_;
  std::unique_ptr<Optimiser> optimiser_;
  std::vector<at::Tensor> averages_;  ///< of the parameters; empty without
};

}  // namespace ldpsim::train
