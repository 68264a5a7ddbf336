// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/ldp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/core/error.hpp"

namespace ldpsim::methods {
namespace {

constexpr double kBeyond = 0.1;  ///< how far beta may leave [0, 1]

}  // namespace

Ldp::Ldp(const MethodSettings& common, const Settings& settings)
    : network_(common.network), common_(common), settings_(settings), betas_(common.network->layers.size(), 0.0) {}

int Ldp::bits(std::size_t layer) const {
  const double wanted = betas_[layer] * (common_.max_bits - common_.min_bits) + common_.min_bits;
  return static_cast<int>(std::clamp<double>(std::nearbyint(wanted), common_.min_bits, common_.max_bits));
}

std::vector<Precision> Ldp::precision(std::int64_t) const {
  std::vector<Precision> all(betas_.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (network_->layers[i].quantised) all[i] = {bits(i), bits(i), common_.gradient_bits};
  }
  return all;
}

double Ldp::cost_of(std::span<const Precision> precision) const {
  return settings_.budget_cost == BudgetCost::kTraining
             ? training_cost(*network_, precision, common_.static_bits, settings_.budget_layers)
             : forward_cost(*network_, precision, common_.static_bits, settings_.budget_layers);
}

double Ldp::cost() const { return cost_of(precision(0)); }

void Ldp::check() const {
  const double least =
      cost_of(uniform_precision(*network_, {common_.min_bits, common_.min_bits, common_.gradient_bits}));
  if (least <= settings_.budget) return;
  const bool all = settings_.budget_layers == CountedLayers::kAll;
  const double rounded_up = std::ceil(least * 1000) / 1000;
  const std::string lower = fmt::format("lower --bits{} lower that", all ? " and --budget-layers quantised" : "");
  throw UserError("--budget",
                  fmt::format("{} cannot be reached: with every quantised layer at {} bits {} costs {:.4f}",
                              settings_.budget, common_.min_bits, network_->name, least),
                  rounded_up < 1    ? fmt::format("allowed: {} to 1; {}", rounded_up, lower)
                  : rounded_up == 1 ? fmt::format("allowed: 1, which is no limit; {}", lower)
                                    : fmt::format("no budget can be; higher --static-bits or {}", lower));
}

std::vector<double> Ldp::task_gradient(std::span<const ErrorProducts> products) const {
  std::vector<double> gradient(betas_.size(), 0.0);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (!network_->layers[i].quantised) continue;
    const double levels = std::exp2(bits(i));
    const double factor = -(common_.max_bits - common_.min_bits) * std::numbers::ln2 * levels / (levels - 1);
    gradient[i] = factor * (products[i].activation + products[i].weight);
  }
  return gradient;
}

void Ldp::add_cost_gradient(std::vector<double>& gradient) {
  double magnitude = 0, weights = 0;
  int layers = 0;
  std::vector<double> weight(gradient.size(), 0.0);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    const Layer& layer = network_->layers[i];
    if (!layer.quantised) continue;
    weight[i] = static_cast<double>(layer.macs());
    if (settings_.cost_gradient == CostGradient::kDerivative) {
      // Factors that all layers share cancel against the mean below.
      weight[i] *= settings_.budget_cost == BudgetCost::kTraining ? bits(i) + common_.gradient_bits : bits(i);
    }
    magnitude += std::abs(gradient[i]);
    weights += weight[i];
    ++layers;
  }
  if (layers == 0) return;
  magnitude /= layers;
  weights /= layers;
  average_ = has_average_ ? settings_.average * average_ + (1 - settings_.average) * magnitude : magnitude;
  has_average_ = true;
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] += settings_.alpha * average_ * weight[i] / weights;
}

void Ldp::after_backward(std::span<const ErrorProducts> products) {
  std::vector<double> gradient = task_gradient(products);
  if (cost() > settings_.budget) add_cost_gradient(gradient);
  for (std::size_t i = 0; i < betas_.size(); ++i) betas_[i] -= settings_.learning_rate * gradient[i];
  if (settings_.bounds != Bounds::kClamp) return;
  for (double& beta : betas_) beta = std::clamp(beta, -kBeyond, 1 + kBeyond);
}

void Ldp::after_epoch() {
  if (settings_.bounds != Bounds::kReset) return;
  for (double& beta : betas_) {
    if (beta > 1 + kBeyond) beta = 1;
    if (beta < -kBeyond) beta = 0;
  }
}

std::vector<double> Ldp::state() const {
  std::vector<double> state = betas_;
  state.push_back(average_);
  state.push_back(has_average_ ? 1 : 0);
  return state;
}

void Ldp::restore(std::span<const double> state) {
  if (state.size() != betas_.size() + 2) throw InternalError("state of method ldp has the wrong size");
  std::copy_n(state.begin(), betas_.size(), betas_.begin());
  average_ = state[betas_.size()];
  has_average_ = state[betas_.size() + 1] != 0;
}

namespace {

Ldp::Settings ldp_settings(const MethodSettings& common, const cli::Arguments& arguments) {
  Ldp::Settings settings;
  settings.budget = arguments.text("budget") == "published" ? common.budget : arguments.real("budget", 0.01, 1);
  settings.alpha = arguments.real("alpha", 0, 1e6);
  settings.learning_rate =
      arguments.text("precision-lr") == "published" ? common.precision_rate : arguments.real("precision-lr", 0, 1e6);
  settings.average = arguments.real("gradient-average", 0, 0.999999);
  if (arguments.choice("budget-cost", {"training", "forward"}) == "forward") {
    settings.budget_cost = Ldp::BudgetCost::kForward;
  }
  const std::string layers = arguments.choice("budget-layers", {"published", "all", "quantised"});
  if (layers == "quantised" || (layers == "published" && !common.counts_float_layers))
    settings.budget_layers = CountedLayers::kQuantised;
  if (arguments.choice("cost-gradient", {"macs", "derivative"}) == "derivative") {
    settings.cost_gradient = Ldp::CostGradient::kDerivative;
  }
  const std::string bounds = arguments.choice("beta-bounds", {"reset", "clamp", "free"});
  if (bounds == "clamp") settings.bounds = Ldp::Bounds::kClamp;
  if (bounds == "free") settings.bounds = Ldp::Bounds::kFree;
  return settings;
}

}  // namespace

MethodEntry ldp_method() {
  using cli::OptionSpec;
  return entry_of<Ldp>(
      "ldp", "learned precision of every layer within the bounds of --bits",
      {
          OptionSpec{"budget", "T|published", "published",
                     "ldp: hold the cost at or below T times that of --static-bits, 1 = no limit; published: 0.6, "
                     "of pan-x4 0.85"},
          OptionSpec{"budget-cost", "training|forward", "training", "ldp: the cost that --budget limits"},
          OptionSpec{"budget-layers", "published|all|quantised", "published",
                     "ldp: the layers whose cost it limits; published: all, of transformer-lm the quantised ones"},
          OptionSpec{"alpha", "A", "1", "ldp: size of the cost gradient relative to the task gradient"},
          OptionSpec{"precision-lr", "RATE|published", "published",
                     "ldp: learning rate of the precisions; published: 0.1, of pan-x4 20"},
          OptionSpec{"cost-gradient", "macs|derivative", "macs", "ldp: shares of the layers in the cost gradient"},
          OptionSpec{"beta-bounds", "reset|clamp|free", "reset",
                     "ldp: beyond -0.1 and 1.1, set beta to 0 or 1 after an epoch, hold it there, or let it drift"},
          OptionSpec{"gradient-average", "M", "0.9",
                     "ldp: momentum of the mean task gradient; 0 = this iteration's alone"},
      },
      ldp_settings);
}

}  // namespace ldpsim::methods
