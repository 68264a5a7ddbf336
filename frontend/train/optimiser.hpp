// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "frontend/models/model.hpp"

namespace ldpsim::train {

/// A rule that moves parameters along their gradients, which it then drops.
class Optimiser {
 public:
  explicit Optimiser(std::vector<models::NamedTensor>& parameters) : parameters_(parameters) {}
  virtual ~Optimiser() = default;
  /// `iteration` counts from 0.
  virtual void step(double rate, std::int64_t iteration) = 0;
  /// All tensors that later steps depend on.
  virtual std::vector<at::Tensor> state() const = 0;

  /// Scales all gradients so that their norm, taken over all of them, is at most `norm`.
  void clip(double norm);

 protected:
  std::vector<at::Tensor> zeros() const;

  std::vector<models::NamedTensor>& parameters_;
};

std::unique_ptr<Optimiser> make_optimiser(const models::Recipe& recipe, std::vector<models::NamedTensor>& parameters);

}  // namespace ldpsim::train
