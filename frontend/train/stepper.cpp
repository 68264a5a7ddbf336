// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/stepper.hpp"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <cmath>

#include "frontend/data/batches.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim::train {
namespace {

const models::ModelEntry& model_entry(const std::string& name) {
  std::vector<std::string> names;
  for (const models::ModelEntry& entry : models::builtin_models()) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw UserError("--network", fmt::format("unknown network '{}'", name), allowed_hint(name, names));
}

}  // namespace

Sgd::Sgd(std::vector<models::NamedTensor>& parameters, double momentum, double decay)
    : parameters_(parameters), momentum_(momentum), decay_(decay) {
  for (const models::NamedTensor& parameter : parameters_) velocities_.push_back(at::zeros_like(parameter.tensor));
}

void Sgd::step(double rate) {
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& weight = parameters_[i].tensor;
    velocities_[i].mul_(momentum_).add_(weight.grad()).add_(weight, decay_);
    weight.add_(velocities_[i], -rate);
    weight.mutable_grad().reset();
  }
}

Stepper::Stepper(const Settings& settings, const cli::Arguments& arguments, int classes, std::int64_t train_images)
    : settings_(settings) {
  const std::uint64_t seed = data::derive_seed(settings.seed, data::Stream::kInitialWeights, 0);
  model_ = model_entry(settings.network).make(classes, seed);
  methods::MethodSettings precision = settings.precision;
  precision.network = &model_->network();
  precision.iterations = settings.iterations;
  precision.iterations_per_epoch = (train_images + settings.batch - 1) / settings.batch;
  precision.seed = settings.seed;
  method_ = method_entry(settings.method).make(precision, arguments);
  optimiser_ = std::make_unique<Sgd>(model_->parameters(), settings.momentum, settings.weight_decay);
}

void Stepper::prepare_sites(std::int64_t iteration, bool training, const std::set<std::size_t>& captured) {
  const std::vector<methods::Precision> precision = method_->precision(iteration);
  const auto layers = static_cast<std::int64_t>(precision.size());
  for (std::size_t i = 0; i < precision.size(); ++i) {
    quant::ConvSite& site = model_->sites()[i];
    site.where = fmt::format("iteration {}, layer '{}'", iteration, model_->network().layers[i].name);
    site.weight_bits = precision[i].weight;
    site.activation_bits = precision[i].activation;
    site.gradient_bits = precision[i].gradient;
    site.weight_per_channel = settings_.weight_per_channel;
    site.training = training;
    site.wants_error_products = method_->wants_error_products();
    site.rounding_key =
        data::derive_seed(settings_.seed, data::Stream::kRounding,
                          static_cast<std::uint64_t>(iteration * layers + static_cast<std::int64_t>(i)));
    site.capture.reset();
    if (captured.contains(i)) {
      site.capture = std::make_unique<quant::CapturedOperands>();
      site.capture->images = settings_.capture.images;
    }
  }
}

double Stepper::step(const at::Tensor& images, const at::Tensor& labels, std::int64_t iteration,
                     const std::set<std::size_t>& captured) {
  prepare_sites(iteration, true, captured);
  const at::Tensor logits = model_->forward(images, true), loss = at::cross_entropy_loss(logits, labels);
  const double value = loss.item<double>();
  if (!std::isfinite(value)) {
    throw UserError(fmt::format("iteration {}", iteration), fmt::format("the loss is {}", value),
                    "training diverged; try a smaller --lr");
  }
  loss.backward();
  optimiser_->step(settings_.learning_rate_at(iteration));
  if (method_->wants_error_products()) {
    std::vector<methods::ErrorProducts> products;
    for (const quant::ConvSite& site : model_->sites()) {
      products.push_back({site.activation_error_product, site.weight_error_product});
    }
    method_->after_backward(products);
  }
  if (method_->wants_accuracy())
    method_->batch_accuracy(iteration, logits.argmax(1).eq(labels).to(at::kDouble).mean().item<double>());
  method_->after_step(iteration, value);
  return value;
}

at::Tensor Stepper::infer(const at::Tensor& images, std::int64_t iteration) {
  at::NoGradGuard no_grad;
  prepare_sites(iteration, false, {});
  return model_->forward(images, false);
}

}  // namespace ldpsim::train
