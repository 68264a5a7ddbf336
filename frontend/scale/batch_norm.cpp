// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "frontend/scale/ensemble.hpp"

namespace ldpsim::scale {
namespace {

at::Tensor by_channel(const at::Tensor& values) { return values.to(at::kFloat).reshape({1, -1, 1, 1}); }

at::Tensor channel_sums(const at::Tensor& x) { return x.sum({0, 2, 3}, /*keepdim=*/false, at::kDouble); }

/// Ioffe and Szegedy 2015, algorithm 1 and its gradient, the sums being those of all processes.
class SharedBatchNorm : public torch::autograd::Function<SharedBatchNorm> {
 public:
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& running_mean, const at::Tensor& running_variance, double momentum,
                            double epsilon) {
    const std::int64_t channels = x.size(1);
    at::Tensor sums = at::cat({channel_sums(x), channel_sums(x.square()),
                               at::full({1}, static_cast<double>(x.numel() / channels), at::kDouble)});
    ensemble().sum(sums);
    const double count = sums[2 * channels].item<double>();
    const at::Tensor mean = sums.narrow(0, 0, channels) / count,
                     variance = sums.narrow(0, channels, channels) / count - mean.square(),
                     inverse = (variance + epsilon).rsqrt();
    running_mean.mul_(1 - momentum).add_(mean.to(at::kFloat), momentum);
    running_variance.mul_(1 - momentum).add_((variance * (count / (count - 1))).to(at::kFloat), momentum);
    const at::Tensor normal = (x - by_channel(mean)) * by_channel(inverse);
    context->save_for_backward({normal, weight, inverse});
    context->saved_data["count"] = count;
    return normal * by_channel(weight) + by_channel(bias);
  }

  static torch::autograd::variable_list backward(Context* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &normal = saved[0], &weight = saved[1], &inverse = saved[2], &gradient = gradients[0];
    const std::int64_t channels = weight.size(0);
    const at::Tensor to_weight = channel_sums(gradient * normal), to_bias = channel_sums(gradient);
    at::Tensor sums = at::cat({to_bias, to_weight});
    ensemble().sum(sums);
    sums /= context->saved_data["count"].toDouble();
    const at::Tensor centred =
        gradient - by_channel(sums.narrow(0, 0, channels)) - normal * by_channel(sums.narrow(0, channels, channels));
    const at::Tensor none;
    return {centred * by_channel(weight * inverse),
            to_weight.to(at::kFloat),
            to_bias.to(at::kFloat),
            none,
            none,
            none,
            none};
  }
};

}  // namespace

at::Tensor shared_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                             const at::Tensor& running_mean, const at::Tensor& running_variance, double momentum,
                             double epsilon) {
  return SharedBatchNorm::apply(x, weight, bias, running_mean, running_variance, momentum, epsilon);
}

}  // namespace ldpsim::scale
