// SPDX-License-Identifier: Apache-2.0
#include "frontend/conv/convolution.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <optional>

#include "frontend/conv/kernel.hpp"
#include "frontend/conv/winograd.hpp"

namespace ldpsim::conv {
namespace {

Kernel chosen = Kernel::kWinograd;
constexpr Geometry kSame{1, 1, 1};

bool is_dense_image(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat &&
         tensor.is_contiguous(at::MemoryFormat::ChannelsLast);
}

Channels channels_of(const at::Tensor& weight) { return {weight.size(1), weight.size(0)}; }

bool winograd_applies(const at::Tensor& x, const at::Tensor& weight, const Geometry& geometry) {
  return chosen == Kernel::kWinograd && geometry.stride == 1 && geometry.padding == 1 && geometry.groups == 1 &&
         weight.size(2) == 3 && weight.size(3) == 3 && is_dense_image(x) && is_dense_image(weight) &&
         winograd_pays(channels_of(weight), {x.size(0), x.size(2), x.size(3)});
}

/// Calls part(first sample, images) for parts of a batch that stay in the cache.
template <typename Part>
void in_parts(const at::Tensor& x, const at::Tensor& weight, const Part& part) {
  const std::int64_t samples = x.size(0), height = x.size(2), width = x.size(3);
  const std::int64_t most = images_at_once(channels_of(weight), height, width);
  for (std::int64_t first = 0; first < samples; first += most)
    part(first, Images{std::min(most, samples - first), height, width});
}

at::Tensor winograd_forward(const Operand& x, const at::Tensor& weight, const at::Tensor& bias) {
  const at::Tensor& values = x.values();
  at::Tensor y = at::empty({values.size(0), weight.size(0), values.size(2), values.size(3)}, values.options(),
                           at::MemoryFormat::ChannelsLast);
  const WinogradFilter filter(channels_of(weight), weight.data_ptr<float>(), /*turned=*/false);
  in_parts(values, weight, [&](std::int64_t first, const Images& images) {
    const at::Tensor from = x.part(first, images.count), to = y.narrow(0, first, images.count);
    filter.apply(images, from.data_ptr<float>(), to.data_ptr<float>());
    if (bias.defined()) at::Tensor(to).add_(bias.view({1, -1, 1, 1}));
  });
  return y;
}

Gradients winograd_backward(const Operand& gradient, const Operand& x, const at::Tensor& weight, Wanted wanted,
                            const Done& done) {
  const Channels channels = channels_of(weight);
  Gradients to;
  if (wanted.x) to.x = at::empty_like(x.values());
  if (wanted.weight) to.weight = at::empty_like(weight);
  if (wanted.bias) to.bias = at::zeros({weight.size(0)}, weight.options());
  std::optional<WinogradFilter> filter;
  std::optional<WinogradWeightGradient> sums;
  if (wanted.x) filter.emplace(channels, weight.data_ptr<float>(), /*turned=*/true);
  if (wanted.weight) sums.emplace(channels);
  in_parts(x.values(), weight, [&](std::int64_t first, const Images& images) {
    const at::Tensor from = gradient.part(first, images.count);
    at::Tensor x_part;
    if (wanted.weight || (wanted.x && done)) x_part = x.part(first, images.count);
    if (sums) sums->add(images, x_part.data_ptr<float>(), from.data_ptr<float>());
    if (wanted.bias) to.bias.add_(from.sum({0, 2, 3}));
    if (!wanted.x) return;
    const at::Tensor to_x = to.x.narrow(0, first, images.count);
    filter->apply(images, from.data_ptr<float>(), to_x.data_ptr<float>());
    if (done) done(first, to_x, x_part);
  });
  if (sums) sums->write(to.weight.data_ptr<float>());
  return to;
}

Gradients direct_backward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                          const Geometry& geometry, Wanted wanted) {
  const std::array<std::int64_t, 1> biases = {weight.size(0)};
  auto [to_x, to_weight, to_bias] = at::convolution_backward(
      gradient, x, weight, wanted.bias ? c10::OptionalIntArrayRef(biases) : c10::OptionalIntArrayRef(),
      {geometry.stride, geometry.stride}, {geometry.padding, geometry.padding}, {1, 1},
      /*transposed=*/false, {0, 0}, geometry.groups, {wanted.x, wanted.weight, wanted.bias});
  return {to_x, to_weight, to_bias};
}

class Convolve : public torch::autograd::Function<Convolve> {
 public:
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias.has_value();
    return conv::forward(Operand(x), weight, bias.value_or(at::Tensor()), kSame);
  }

  static torch::autograd::variable_list backward(Context* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    // an absent input has no place among those that may need a gradient
    const bool bias = context->saved_data["bias"].toBool() && context->needs_input_grad(2);
    const Wanted wanted{context->needs_input_grad(0), context->needs_input_grad(1), bias};
    const Operand gradient(gradients[0].contiguous(at::MemoryFormat::ChannelsLast));
    const Gradients to = conv::backward(gradient, Operand(saved[0]), saved[1], kSame, wanted);
    return {to.x, to.weight, to.bias};
  }
};

}  // namespace

void use_kernel(Kernel kernel) { chosen = kernel; }

at::Tensor forward(const Operand& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry) {
  if (winograd_applies(x.values(), weight, geometry)) return winograd_forward(x, weight, bias);
  return at::conv2d(x.whole(), weight, bias, geometry.stride, geometry.padding, 1, geometry.groups);
}

Gradients backward(const Operand& gradient, const Operand& x, const at::Tensor& weight, const Geometry& geometry,
                   Wanted wanted, const Done& done) {
  if (winograd_applies(x.values(), weight, geometry) && is_dense_image(gradient.values()))
    return winograd_backward(gradient, x, weight, wanted, done);
  const at::Tensor whole = wanted.weight || done ? x.whole() : x.values();
  Gradients to = direct_backward(gradient.whole(), whole, weight, geometry, wanted);
  if (wanted.x && done) done(0, to.x, whole);
  return to;
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry) {
  if (!at::GradMode::is_enabled() || !winograd_applies(x, weight, geometry))
    return forward(Operand(x), weight, bias, geometry);
  return Convolve::apply(x, weight, bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt);
}

}  // namespace ldpsim::conv
