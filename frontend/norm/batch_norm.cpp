// SPDX-License-Identifier: Apache-2.0
#include "frontend/norm/batch_norm.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "frontend/norm/batch_norm_kernels.hpp"
#include "frontend/scale/ensemble.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::norm {
namespace {

constexpr double kEpsilon = 1e-5, kMomentum = 0.1;

Rows rows_of(const at::Tensor& x) { return {x.numel() / x.size(1), x.size(1)}; }

at::Tensor channels_last(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

const float* floats(const at::Tensor& tensor) { return tensor.defined() ? tensor.data_ptr<float>() : nullptr; }

at::Tensor tensor_of(const std::vector<double>& values) {
  return at::from_blob(const_cast<double*>(values.data()), {static_cast<std::int64_t>(values.size())}, at::kDouble)
      .clone();
}

double checked(double count) {
  if (count > 1) return count;
  throw UserError("--batch", "batch normalisation has 1 value a channel; it needs 2",
                  "use a larger --batch or --image-size");
}

/// Rows of all processes, and their mean and variance.
struct Statistics {
  double count = 0;
  at::Tensor mean, variance;  // double
};

/// Throws where there is one value for each channel: it has no variance.
Statistics statistics_of(const at::Tensor& x) {
  const Rows rows = rows_of(x);
  const auto own = static_cast<double>(rows.count);
  const Moments found = moments(rows, x.data_ptr<float>());
  const at::Tensor mean = tensor_of(found.mean), squares = tensor_of(found.squares);
  if (scale::ensemble().alone()) return {checked(own), mean, squares / own};
  at::Tensor sums = at::cat({mean * own, at::full({1}, own, at::kDouble)});
  scale::ensemble().sum(sums);
  const double count = checked(sums[rows.channels].item<double>());
  const at::Tensor whole_mean = sums.narrow(0, 0, rows.channels) / count;
  at::Tensor distances = squares + (mean - whole_mean).square() * own;
  scale::ensemble().sum(distances);
  return {count, whole_mean, distances / count};
}

/// Scale and shift of `x * scale + shift`, [2, C].
at::Tensor line_of(const at::Tensor& mean, const at::Tensor& inverse, const Parameters& parameters) {
  const at::Tensor scale = parameters.weight.to(at::kDouble) * inverse;
  return at::stack({scale, parameters.bias.to(at::kDouble) - mean * scale}).to(at::kFloat);
}

Line line_in(const at::Tensor& both) {
  const float* scale = both.data_ptr<float>();
  return {scale, scale + both.size(1)};
}

at::Tensor normalised(const at::Tensor& x, const at::Tensor& line, const Then& then) {
  at::Tensor y = at::empty_like(x);
  normalise(rows_of(x), x.data_ptr<float>(), line_in(line), floats(then.added), then.relu, y.data_ptr<float>());
  return y;
}

class BatchNorm : public torch::autograd::Function<BatchNorm> {
 public:
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const c10::optional<at::Tensor>& added, const Parameters& parameters, bool relu) {
    const Statistics seen = statistics_of(x);
    const at::Tensor inverse = (seen.variance + kEpsilon).rsqrt();
    parameters.running_mean.mul_(1 - kMomentum).add_(seen.mean, kMomentum);
    parameters.running_variance.mul_(1 - kMomentum).add_(seen.variance, kMomentum * seen.count / (seen.count - 1));
    const at::Tensor line = line_of(seen.mean, inverse, {weight, bias, {}, {}});
    const at::Tensor y = normalised(x, line, {relu, added.value_or(at::Tensor())});
    const bool by_output = relu && added.has_value();
    context->save_for_backward({x, weight, seen.mean, inverse, line, by_output ? y : at::Tensor()});
    context->saved_data["count"] = seen.count;
    context->saved_data["relu"] = relu;
    context->saved_data["added"] = added.has_value();
    return y;
  }

  static torch::autograd::variable_list backward(Context* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &inverse = saved[3], &line = saved[4], &y = saved[5];
    const at::Tensor mean = saved[2].to(at::kFloat), gradient = channels_last(gradients[0]);
    Gate gate;
    if (context->saved_data["relu"].toBool()) gate = {Gate::Kind::kByInput, line_in(line), nullptr};
    if (y.defined()) gate = {Gate::Kind::kByOutput, {}, floats(y)};
    at::Tensor passed = y.defined() ? at::empty_like(x) : at::Tensor();
    float* const to_passed = y.defined() ? passed.data_ptr<float>() : nullptr;
    const GradientSums own = gradient_sums(rows_of(x), floats(gradient), floats(x), floats(mean), gate, to_passed);
    const at::Tensor plain = tensor_of(own.plain), centred = tensor_of(own.centred);
    if (y.defined()) gate = {};
    const at::Tensor& open = y.defined() ? passed : gradient;
    const at::Tensor to_x = gradient_of_input(open, x, weight, inverse, mean, plain, centred, gate,
                                              context->saved_data["count"].toDouble());
    const bool added = context->saved_data["added"].toBool();
    const at::Tensor none;
    return {to_x, (centred * inverse).to(at::kFloat), plain.to(at::kFloat), added ? open : none, none, none};
  }

 private:
  /// x and statistics move with the sums of all processes.
  static at::Tensor gradient_of_input(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                                      const at::Tensor& inverse, const at::Tensor& mean, const at::Tensor& plain,
                                      const at::Tensor& centred, const Gate& gate, double count) {
    at::Tensor sums = at::stack({plain, centred});
    scale::ensemble().sum(sums);
    sums /= count;
    const at::Tensor of_channels =
        at::stack({sums[0], sums[1] * inverse.square(), weight.to(at::kDouble) * inverse}).to(at::kFloat);
    const float* offset = floats(of_channels);
    const std::int64_t channels = x.size(1);
    at::Tensor to_x = at::empty_like(x);
    input_gradient(rows_of(x), floats(gradient), floats(x),
                   {floats(mean), offset, offset + channels, offset + 2 * channels}, gate, to_x.data_ptr<float>());
    return to_x;
  }
};

}  // namespace

at::Tensor batch_norm(const at::Tensor& x, const Parameters& parameters, bool training, const Then& then) {
  const auto& [weight, bias, mean, variance] = parameters;
  if (!x.is_cpu()) {
    at::Tensor y =
        at::batch_norm(x, weight, bias, mean, variance, training, kMomentum, kEpsilon, /*cudnn_enabled=*/false);
    if (then.added.defined()) y.add_(then.added);
    return then.relu ? y.relu_() : y;
  }
  const at::Tensor image = channels_last(x);
  const Then dense{then.relu, then.added.defined() ? channels_last(then.added) : at::Tensor()};
  if (!training) {
    const at::Tensor inverse = (variance.to(at::kDouble) + kEpsilon).rsqrt();
    return normalised(image, line_of(mean.to(at::kDouble), inverse, parameters), dense);
  }
  return BatchNorm::apply(image, weight, bias,
                          dense.added.defined() ? c10::optional<at::Tensor>(dense.added) : c10::nullopt, parameters,
                          dense.relu);
}

}  // namespace ldpsim::norm
