// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/stepper.hpp"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <cmath>

#include "frontend/data/batches.hpp"
#include "frontend/scale/ensemble.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

/// Puts the averages into the place of the parameters while it lives.
class WithAverages {
 public:
  WithAverages(std::vector<models::NamedTensor>& parameters, std::vector<at::Tensor>& averages)
      : parameters_(parameters), averages_(averages) {
    swap();
  }
  ~WithAverages() { swap(); }
  WithAverages(const WithAverages&) = delete;
  WithAverages& operator=(const WithAverages&) = delete;

 private:
  void swap() {
    for (std::size_t i = 0; i < averages_.size(); ++i) {
      const at::Tensor kept = parameters_[i].tensor.detach();
      parameters_[i].tensor.set_data(averages_[i]);
      averages_[i] = kept;
    }
  }

  std::vector<models::NamedTensor>& parameters_;
  std::vector<at::Tensor>& averages_;
};

/// The part of the whole batch that this process has, by what the loss is a mean over. Pictures that cannot be decoded
/// may have left it none.
double share_of(data::TaskKind kind, const tasks::Batch& batch) {
  // Targets are where the network is, and counting them waits for it: only where others have some.
  if (kind == data::TaskKind::kLanguageModelling && (batch.whole == 0 || scale::ensemble().alone())) return 1;
  const std::int64_t own = tasks::weight_of(kind, batch), whole = batch.whole == 0 ? own : batch.whole;
  if (own == 0) {
    throw UserError("--world-size", "a batch leaves a process without any sample",
                    "use fewer processes or another --batch");
  }
  return static_cast<double>(own) / static_cast<double>(whole);
}

/// A number over all processes.
double summed(double value) {
  if (scale::ensemble().alone()) return value;
  at::Tensor sum = at::full({1}, value, at::kDouble);
  scale::ensemble().sum(sum);
  return sum.item<double>();
}

void sum(std::vector<methods::ErrorProducts>& products) {
  if (scale::ensemble().alone()) return;
  static_assert(sizeof(methods::ErrorProducts) == 2 * sizeof(double));
  at::Tensor values = at::from_blob(products.data(), {static_cast<std::int64_t>(2 * products.size())}, at::kDouble);
  scale::ensemble().sum(values);
}

}  // namespace

Stepper::Stepper(const Settings& settings, const cli::Arguments& arguments, const models::Extent& extent,
                 std::int64_t batches_per_epoch)
    : settings_(settings), task_(model_entry(settings.network).task) {
  const methods::MethodEntry& method = method_entry(settings.method);
  methods::MethodSettings precision = settings.precision;
  model_ = model_entry(settings.network)
               .make(extent, {.seed = data::derive_seed(settings.seed, data::Stream::kInitialWeights, 0),
                              .scheme = method.scheme(precision, arguments),
                              .device = settings.device});
  precision.network = &model_->network();
  precision.iterations = settings.iterations;
  precision.iterations_per_epoch = batches_per_epoch;
  precision.seed = settings.seed;
  method_ = method.make(precision, arguments);
  method_->check();
  optimiser_ = make_optimiser(settings.recipe, model_->parameters());
  if (settings.recipe.average == 0) return;
  for (const models::NamedTensor& parameter : model_->parameters())
    averages_.push_back(parameter.tensor.detach().clone());
}

void Stepper::update_averages() {
  const double decay = settings_.recipe.average;
  at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < averages_.size(); ++i)
    averages_[i].mul_(decay).add_(model_->parameters()[i].tensor, 1 - decay);
}

std::vector<at::Tensor> Stepper::changing_tensors() {
  std::vector<at::Tensor> all;
  for (const models::NamedTensor& parameter : model_->parameters()) all.push_back(parameter.tensor.detach());
  for (const models::NamedTensor& buffer : model_->buffers()) all.push_back(buffer.tensor);
  const std::vector<at::Tensor> state = optimiser_->state();
  all.insert(all.end(), state.begin(), state.end());
  all.insert(all.end(), averages_.begin(), averages_.end());
  return all;
}

void Stepper::prepare_sites(std::int64_t iteration, bool training, const std::set<std::size_t>& captured) {
  const std::vector<methods::Precision> precision = method_->precision(iteration);
  const auto layers = static_cast<std::int64_t>(precision.size());
  for (std::size_t i = 0; i < precision.size(); ++i) {
    quant::Site& site = model_->sites()[i];
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
  const auto norms = static_cast<std::int64_t>(model_->range_norms().size());
  std::int64_t counter = iteration * norms;
  for (models::RangeNorm& norm : model_->range_norms()) {
    norm.site.where = fmt::format("iteration {}, normalisation '{}'", iteration, norm.name);
    norm.site.rounding_key =
        data::derive_seed(settings_.seed, data::Stream::kNormRounding, static_cast<std::uint64_t>(counter++));
  }
}

void Stepper::place_samples(std::int64_t first) {
  for (quant::Site& site : model_->sites()) site.first_sample = first;
  for (models::RangeNorm& norm : model_->range_norms()) norm.site.first_sample = first;
}

void Stepper::sum_gradients() {
  if (scale::ensemble().alone()) return;
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> flat;
  for (const models::NamedTensor& parameter : model_->parameters())
    flat.push_back(parameter.tensor.grad().contiguous().flatten());
  at::Tensor all = at::cat(flat);
  scale::ensemble().sum(all);
  std::int64_t first = 0;
  for (const models::NamedTensor& parameter : model_->parameters()) {
    const at::Tensor gradient = parameter.tensor.grad();
    gradient.copy_(all.narrow(0, first, gradient.numel()).view(gradient.sizes()));
    first += gradient.numel();
  }
}

double Stepper::step(const tasks::Batch& given, std::int64_t iteration, const std::set<std::size_t>& captured) {
  const tasks::Batch batch = tasks::on_device(given, settings_.device);
  prepare_sites(iteration, true, captured);
  place_samples(batch.first);
  // Processes drop different units; one alone would drop others still.
  const auto processes = static_cast<std::uint64_t>(settings_.meeting.size),
             process = static_cast<std::uint64_t>(settings_.meeting.rank);
  at::manual_seed(data::derive_seed(settings_.seed, data::Stream::kDropout,
                                    static_cast<std::uint64_t>(iteration) * processes + process));
  const double share = share_of(task_, batch);
  const at::Tensor output = model_->forward(batch.input, true),
                   loss = tasks::loss_of(task_, output, batch.target, settings_.recipe.label_smoothing);
  const double value = summed(share * loss.item<double>());
  if (!std::isfinite(value)) {
    throw UserError(fmt::format("iteration {}", iteration), fmt::format("the loss is {}", value),
                    "training diverged; try a smaller --lr");
  }
  // The gradient of the whole batch's mean: quantising must see it at that size in every process.
  (share == 1 ? loss : loss * share).backward();
  sum_gradients();
  if (settings_.recipe.clip_norm > 0) optimiser_->clip(settings_.recipe.clip_norm);
  optimiser_->step(settings_.learning_rate_at(iteration), iteration);
  update_averages();
  if (method_->wants_error_products()) {
    std::vector<methods::ErrorProducts> products;
    for (const quant::Site& site : model_->sites()) {
      products.push_back({site.activation_error_product, site.weight_error_product});
    }
    sum(products);
    method_->after_backward(products);
  }
  if (method_->wants_accuracy())
    method_->batch_accuracy(iteration, summed(share * tasks::accuracy_of(task_, output, batch.target)));
  method_->after_step(iteration, value);
  return value;
}

at::Tensor Stepper::infer(const at::Tensor& input, std::int64_t iteration) {
  at::NoGradGuard no_grad;
  prepare_sites(iteration, false, {});
  place_samples(0);
  const WithAverages averages(model_->parameters(), averages_);
  return model_->forward(input.to(settings_.device), false).cpu();
}

}  // namespace ldpsim::train
