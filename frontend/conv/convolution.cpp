// SPDX-License-Identifier: Apache-2.0
#include "frontend/conv/convolution.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "frontend/conv/kernel.hpp"
#include "frontend/conv/winograd.hpp"

namespace ldpsim::conv {
namespace {

Kernel chosen = Kernel::kWinograd;

bool is_dense_image(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat &&
         tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

bool winograd_applies(const at::Tensor& x, const at::Tensor& weight, const Geometry& geometry) {
  return chosen == Kernel::kWinograd && geometry.stride == 1 && geometry.padding == 1 && geometry.groups == 1 &&
         weight.size(2) == 3 && weight.size(3) == 3 && winograd_takes(weight.size(1), weight.size(0)) &&
         is_dense_image(x) && is_dense_image(weight);
}

Shape shape_of(const at::Tensor& x, const at::Tensor& weight) {
  return {x.size(0), x.size(2), x.size(3), weight.size(1), weight.size(0)};
}

Gradients winograd_backward(const at::Tensor& any_gradient, const at::Tensor& x, const at::Tensor& weight,
                            Wanted wanted) {
  const at::Tensor gradient = any_gradient.contiguous(at::MemoryFormat::ChannelsLast);
  const Shape shape = shape_of(x, weight);
  Gradients to;
  if (wanted.x) {
    to.x = at::empty_like(x);
    winograd_gradient_to_input(shape, gradient.data_ptr<float>(), weight.data_ptr<float>(), to.x.data_ptr<float>());
  }
  if (wanted.weight) {
    to.weight = at::empty_like(weight);
    winograd_gradient_to_weight(shape, x.data_ptr<float>(), gradient.data_ptr<float>(), to.weight.data_ptr<float>());
  }
  if (wanted.bias) to.bias = gradient.sum({0, 2, 3});
  return to;
}

class Convolve : public torch::autograd::Function<Convolve> {
 public:
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.has_value();
    return conv::forward(x, weight, bias.value_or(at::Tensor()), {1, 1, 1});
  }

  static torch::autograd::variable_list backward(Context* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    // an absent input has no place among those that may need a gradient
    const bool bias = context->saved_data["bias"].toBool() && context->needs_input_grad(2);
    const Wanted wanted{context->needs_input_grad(0), context->needs_input_grad(1), bias};
    const Gradients to = conv::backward(gradients[0], saved[0], saved[1], {1, 1, 1}, wanted);
    return {to.x, to.weight, to.bias};
  }
};

}  // namespace

void use_kernel(Kernel kernel) { chosen = kernel; }

at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry) {
  if (!winograd_applies(x, weight, geometry))
    return at::conv2d(x, weight, bias, geometry.stride, geometry.padding, 1, geometry.groups);
  at::Tensor y =
      at::empty({x.size(0), weight.size(0), x.size(2), x.size(3)}, x.options(), at::MemoryFormat::ChannelsLast);
  winograd_forward(shape_of(x, weight), x.data_ptr<float>(), weight.data_ptr<float>(), y.data_ptr<float>());
  if (bias.defined()) y.add_(bias.view({1, -1, 1, 1}));
  return y;
}

Gradients backward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, const Geometry& geometry,
                   Wanted wanted) {
  if (winograd_applies(x, weight, geometry)) return winograd_backward(gradient, x, weight, wanted);
  const std::int64_t outputs = weight.size(0);
  auto [to_x, to_weight, to_bias] = at::convolution_backward(
      gradient, x, weight, wanted.bias ? c10::OptionalIntArrayRef({outputs}) : c10::OptionalIntArrayRef(),
      {geometry.stride, geometry.stride}, {geometry.padding, geometry.padding}, {1, 1},
      /*transposed=*/false, {0, 0}, geometry.groups, {wanted.x, wanted.weight, wanted.bias});
  return {to_x, to_weight, to_bias};
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry) {
  if (!at::GradMode::is_enabled() || !winograd_applies(x, weight, geometry)) return forward(x, weight, bias, geometry);
  return Convolve::apply(x, weight, bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt);
}

}  // namespace ldpsim::conv
