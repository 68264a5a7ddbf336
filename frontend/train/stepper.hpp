// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <set>
#include <vector>

#include "frontend/methods/method.hpp"
#include "frontend/models/model.hpp"
#include "frontend/train/settings.hpp"

namespace ldpsim::train {

/// Stochastic gradient descent with momentum and weight decay: v = momentum*v + (g + decay*w); w -= rate*v.
class Sgd {
 public:
  Sgd(std::vector<models::NamedTensor>& parameters, double momentum, double decay);
  void step(double rate);
  std::vector<at::Tensor>& velocities() { return velocities_; }

 private:
  std::vector<models::NamedTensor>& parameters_;
  std::vector<at::Tensor> velocities_;
  double momentum_, decay_;
};

/// Model, method and optimiser of a run, and one training step of theirs.
class Stepper {
 public:
  /// `train_images` decides how many iterations an epoch has, for methods that count epochs.
  Stepper(const Settings& settings, const cli::Arguments& arguments, int classes, std::int64_t train_images = 50000);

  /// Forward, backward, update of weights and precisions. Returns the loss. Throws UserError naming iteration and layer
  /// on numbers that are not finite. The operands of the layers in `captured` are kept in the model's sites until the
  /// next step.
  double step(const at::Tensor& images, const at::Tensor& labels, std::int64_t iteration,
              const std::set<std::size_t>& captured);

  /// Logits with running statistics and the precision of `iteration`.
  at::Tensor infer(const at::Tensor& images, std::int64_t iteration);

  models::Model& model() { return *model_; }
  methods::Method& method() { return *method_; }
  Sgd& optimiser() { return *optimiser_; }

 private:
  void prepare_sites(std::int64_t iteration, bool training, const std::set<std::size_t>& captured);

  const Settings& settings_;
  std::unique_ptr<models::Model> model_;
  std::unique_ptr<methods::Method> method_;
  std::unique_ptr<Sgd> optimiser_;
};

}  // namespace ldpsim::train
