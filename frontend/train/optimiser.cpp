// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/optimiser.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace ldpsim::train {
namespace {

/// Whether a parameter decays in an iteration.
bool decays(const models::Recipe& recipe, const at::Tensor& weight, std::int64_t iteration) {
  return (recipe.decay_vectors || weight.dim() > 1) &&
         static_cast<double>(iteration) < recipe.decay_until * static_cast<double>(recipe.iterations);
}

/// Stochastic gradient descent with momentum and weight decay: v = momentum*v + (g + decay*w); w -= rate*v.
class Sgd final : public Optimiser {
 public:
  Sgd(std::vector<models::NamedTensor>& parameters, const models::Recipe& recipe)
      : Optimiser(parameters), velocities_(zeros()), recipe_(recipe) {}

  void step(double rate, std::int64_t iteration) override {
    at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      at::Tensor& weight = parameters_[i].tensor;
      velocities_[i].mul_(recipe_.momentum).add_(weight.grad());
      if (decays(recipe_, weight, iteration)) velocities_[i].add_(weight, recipe_.weight_decay);
      weight.add_(velocities_[i], -rate);
      weight.mutable_grad().reset();
    }
  }
  std::vector<at::Tensor> state() const override { return velocities_; }

 private:
  std::vector<at::Tensor> velocities_;
  models::Recipe recipe_;
};

/// Adam (Kingma and Ba 2015, algorithm 1, epsilon 1e-8). `decoupled`: the decay shrinks the weight itself (AdamW,
/// Loshchilov and Hutter 2019); otherwise it is part of the gradient.
class Adam final : public Optimiser {
 public:
  Adam(std::vector<models::NamedTensor>& parameters, const models::Recipe& recipe, bool decoupled)
      : Optimiser(parameters), first_(zeros()), second_(zeros()), recipe_(recipe), decoupled_(decoupled) {}

  void step(double rate, std::int64_t iteration) override {
    constexpr double kEpsilon = 1e-8;
    at::NoGradGuard no_grad;
    const double first_bias = 1 - std::pow(recipe_.momentum, static_cast<double>(iteration + 1)),
                 second_bias = 1 - std::pow(recipe_.second_momentum, static_cast<double>(iteration + 1));
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      at::Tensor& weight = parameters_[i].tensor;
      at::Tensor gradient = weight.grad();
      if (recipe_.weight_decay > 0 && decays(recipe_, weight, iteration)) {
        if (decoupled_) {
          weight.mul_(1 - rate * recipe_.weight_decay);
        } else {
          gradient = gradient.add(weight, recipe_.weight_decay);
        }
      }
      first_[i].mul_(recipe_.momentum).add_(gradient, 1 - recipe_.momentum);
      second_[i].mul_(recipe_.second_momentum).addcmul_(gradient, gradient, 1 - recipe_.second_momentum);
      weight.addcdiv_(first_[i], (second_[i] / second_bias).sqrt_().add_(kEpsilon), -rate / first_bias);
      weight.mutable_grad().reset();
    }
  }
  std::vector<at::Tensor> state() const override {
    std::vector<at::Tensor> all = first_;
    all.insert(all.end(), second_.begin(), second_.end());
    return all;
  }

 private:
  std::vector<at::Tensor> first_, second_;
  models::Recipe recipe_;
  bool decoupled_;
};

}  // namespace

void Optimiser::clip(double norm) {
  at::NoGradGuard no_grad;
  double square = 0;
  for (const models::NamedTensor& parameter : parameters_) {
    square += parameter.tensor.grad().square().sum().item<double>();
  }
  const double found = std::sqrt(square);
  if (found <= norm) return;
  for (const models::NamedTensor& parameter : parameters_) parameter.tensor.grad().mul_(norm / found);
}

std::vector<at::Tensor> Optimiser::zeros() const {
  std::vector<at::Tensor> all;
  for (const models::NamedTensor& parameter : parameters_) all.push_back(at::zeros_like(parameter.tensor));
  return all;
}

std::unique_ptr<Optimiser> make_optimiser(const models::Recipe& recipe, std::vector<models::NamedTensor>& parameters) {
  if (recipe.optimiser == models::OptimiserKind::kSgd) return std::make_unique<Sgd>(parameters, recipe);
  return std::make_unique<Adam>(parameters, recipe, recipe.optimiser == models::OptimiserKind::kAdamW);
}

}  // namespace ldpsim::train
