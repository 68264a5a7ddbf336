// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frontend/methods/cost.hpp"
#include "frontend/methods/method.hpp"

namespace ldpsim::methods {

/// Learnable dynamic precision (Yu et al., "LDP: Learnable Dynamic Precision for Efficient Deep Neural Network Training
/// and Inference", 2022). Every quantised layer has one real beta, shared by its weights and activations, and runs at
///   b = clamp(round(beta*N + min_bits), min_bits, max_bits),  N = max_bits - min_bits.
/// Rounding and clamp pass gradients through unchanged, which makes the task gradient of beta the closed form
///   G_T = -N ln2 2^b/(2^b - 1) * (<dL/dXq, Xq - X> + <dL/dWq, Wq - W>).
/// While the cost of the iteration exceeds `budget`, a cost gradient of the same mean size is added (eq. 3-5):
///   G_C = alpha * A * c_l / mean(c),  A = moving average of mean_l |G_T,l| over the iterations over budget.
/// beta follows plain gradient descent; after an epoch a beta above 1.1 falls back to 1 and one below -0.1 to 0, or as
/// Settings::bounds says.
class Ldp final : public Method {
 public:
  enum class BudgetCost { kTraining, kForward };
  enum class CostGradient {
    kMacs,       ///< c_l = MACs of the layer
    kDerivative  ///< c_l = d cost / d beta_l
  };
  enum class Bounds {
    kReset,  ///< after an epoch, beyond [-0.1, 1.1]: to 0 or 1
    kClamp,  ///< after an iteration into [-0.1, 1.1]
    kFree    ///< beta may drift; bits are clamped all the same
  };
  struct Settings {
    double budget = 0.6, alpha = 1, learning_rate = 0.1, average = 0.9;
    BudgetCost budget_cost = BudgetCost::kTraining;
    CountedLayers budget_layers = CountedLayers::kAll;
    CostGradient cost_gradient = CostGradient::kMacs;
    Bounds bounds = Bounds::kReset;
  };

  Ldp(const MethodSettings& common, const Settings& settings);

  /// Throws UserError if the cost exceeds the budget at the lowest precision: no layer would ever leave it.
  void check() const override;
  std::vector<Precision> precision(std::int64_t iteration) const override;
  bool wants_error_products() const override { return true; }
  void after_backward(std::span<const ErrorProducts> products) override;
  void after_epoch() override;
  std::vector<double> state() const override;
  void restore(std::span<const double> state) override;

  /// One a layer of the network; those of float layers stay 0.
  std::span<const double> betas() const { return betas_; }
  /// G_T of each layer, for the present bits.
  std::vector<double> task_gradient(std::span<const ErrorProducts> products) const;
  /// Present cost in the unit of `budget`.
  double cost() const;

 private:
  int bits(std::size_t layer) const;
  double cost_of(std::span<const Precision> precision) const;
  void add_cost_gradient(std::vector<double>& gradient);

  const Network* network_;
  MethodSettings common_;
  Settings settings_;
  std::vector<double> betas_;
  double average_ = 0;        ///< A
  bool has_average_ = false;  ///< the first mean is taken as it is
};

}  // namespace ldpsim::methods
