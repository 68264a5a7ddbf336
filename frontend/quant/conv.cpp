// SPDX-License-Identifier: Apache-2.0
#include "frontend/quant/conv.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <fmt/format.h>

#include "sim/core/error.hpp"

namespace ldpsim::quant {
namespace {

/// Memory for a quantised tensor that is needed only within one call: kept, so that no step pays for fresh pages.
class Scratch {
 public:
  at::Tensor like(const at::Tensor& tensor) {
    if (!storage_.defined() || storage_.numel() < tensor.numel())
      storage_ = at::empty({tensor.numel()}, tensor.options());
    return storage_.narrow(0, 0, tensor.numel()).as_strided(tensor.sizes(), tensor.strides());
  }

 private:
  at::Tensor storage_;
};

thread_local Scratch operand_scratch, gradient_scratch;

at::Tensor dense(const at::Tensor& tensor) { return tensor.contiguous(tensor.suggest_memory_format()); }

float checked_span(const Range& range, const ConvSite& site, const char* tensor) {
  if (!range.finite) {
    throw UserError(site.where, fmt::format("the {} has NaN or infinite values", tensor),
                    "training diverged; try a smaller --lr");
  }
  const float span = range.high - range.low;
  if (span - span != 0) {
    throw UserError(site.where,
                    fmt::format("the range of the {}, {} to {}, exceeds float32", tensor, range.low, range.high),
                    "training diverged; try a smaller --lr");
  }
  return span;
}

/// Quantises a weight [K, ...] slice by slice; output channels are contiguous in memory.
at::Tensor quantise_weight(const at::Tensor& weight, ConvSite& site) {
  at::Tensor quantised = at::empty_like(weight);
  const std::int64_t slices = site.weight_per_channel ? weight.size(0) : 1, length = weight.numel() / slices;
  const float* from = weight.data_ptr<float>();
  float* to = quantised.data_ptr<float>();
  site.weight_grids.clear();
  for (std::int64_t k = 0; k < slices; ++k) {
    const Range range = find_range(from + k * length, length);
    site.weight_grids.push_back(make_grid(range.low, checked_span(range, site, "weight"), site.weight_bits));
    quantise_nearest(from + k * length, length, site.weight_grids.back(), to + k * length);
  }
  return quantised;
}

void choose_activation_grid(const at::Tensor& x, ConvSite& site) {
  if (!site.training) {
    site.activation_grid = make_grid(site.running_low, site.running_span, site.activation_bits);
    return;
  }
  const Range range = find_range(x.data_ptr<float>(), x.numel());
  const float span = checked_span(range, site, "activation");
  site.running_low = running_mean(site.running_low, range.low);
  site.running_span = running_mean(site.running_span, span);
  site.activation_grid = make_grid(range.low, span, site.activation_bits);
}

/// Codes that lie in memory as `tensor` does, put into the order of its dimensions.
std::vector<std::uint16_t> in_trace_order(const std::vector<std::uint16_t>& codes, const at::Tensor& tensor) {
  const auto sizes = tensor.sizes(), strides = tensor.strides();
  std::vector<std::uint16_t> ordered;
  ordered.reserve(codes.size());
  for (std::int64_t n = 0; n < sizes[0]; ++n) {
    for (std::int64_t c = 0; c < sizes[1]; ++c) {
      for (std::int64_t y = 0; y < sizes[2]; ++y) {
        for (std::int64_t x = 0; x < sizes[3]; ++x) {
          ordered.push_back(
              codes[static_cast<std::size_t>(n * strides[0] + c * strides[1] + y * strides[2] + x * strides[3])]);
        }
      }
    }
  }
  return ordered;
}

/// Encodes `tensor` with one grid for each of `grids.size()` equal parts of its memory.
template <typename Encode>
CapturedTensor captured(const at::Tensor& tensor, std::vector<Grid> grids, const Encode& encode) {
  std::vector<std::uint16_t> codes(static_cast<std::size_t>(tensor.numel()));
  const std::int64_t length = tensor.numel() / static_cast<std::int64_t>(grids.size());
  for (std::size_t i = 0; i < grids.size(); ++i) {
    const std::int64_t first = static_cast<std::int64_t>(i) * length;
    encode(tensor.data_ptr<float>() + first, length, grids[i], codes.data() + first);
  }
  return {grids[0].bits, tensor.sizes().vec(), grids, in_trace_order(codes, tensor)};
}

void capture_forward(const at::Tensor& x, const at::Tensor& weight, ConvSite& site) {
  if (!site.capture || !site.training) return;
  const at::Tensor first = x.narrow(0, 0, std::min(site.capture->images, x.size(0)));
  site.capture->activation = captured(first, {site.activation_grid}, encode_nearest);
  site.capture->weight = captured(weight, site.weight_grids, encode_nearest);
}

at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const ConvSite& site) {
  return at::conv2d(x, weight, {}, site.stride, site.padding);
}

at::Tensor forward_of(const at::Tensor& x, const at::Tensor& weight, ConvSite& site) {
  choose_activation_grid(x, site);
  site.quantised_weight = quantise_weight(weight, site);
  capture_forward(x, weight, site);
  const at::Tensor quantised = operand_scratch.like(x);
  quantise_nearest(x.data_ptr<float>(), x.numel(), site.activation_grid, quantised.data_ptr<float>());
  return convolve(quantised, site.quantised_weight, site);
}

/// The gradient of the output as both backward passes see it.
at::Tensor quantise_gradient(const at::Tensor& gradient, ConvSite& site) {
  const Range range = find_range(gradient.data_ptr<float>(), gradient.numel());
  const float span = checked_span(range, site, "gradient");
  if (site.gradient_bits == 0) return gradient;
  const Grid grid = make_grid(range.low, span, site.gradient_bits);
  if (site.capture) {
    const at::Tensor first = gradient.narrow(0, 0, std::min(site.capture->images, gradient.size(0)));
    site.capture->gradient =
        captured(first, {grid}, [&](const float* values, std::int64_t count, const Grid& g, std::uint16_t* codes) {
          encode_stochastic(values, count, g, site.rounding_key, codes);
        });
  }
  const at::Tensor quantised = gradient_scratch.like(gradient);
  quantise_stochastic(gradient.data_ptr<float>(), gradient.numel(), grid, site.rounding_key,
                      quantised.data_ptr<float>());
  return quantised;
}

/// Saves the float operands, not the quantised ones: x is the output of a ReLU, which keeps it anyway, and quantising
/// it a second time costs less than keeping another tensor of its size through the whole step.
class QuantisedConv : public torch::autograd::Function<QuantisedConv> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            ConvSite* site) {
    context->save_for_backward({x, weight});
    context->saved_data["site"] = reinterpret_cast<std::int64_t>(site);
    return forward_of(x, weight, *site);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    ConvSite& site = *reinterpret_cast<ConvSite*>(context->saved_data["site"].toInt());
    const at::Tensor gradient = quantise_gradient(dense(gradients[0]), site);
    const at::Tensor quantised = operand_scratch.like(x);
    quantise_nearest(x.data_ptr<float>(), x.numel(), site.activation_grid, quantised.data_ptr<float>());
    const bool wants_x = context->needs_input_grad(0) || site.wants_error_products;
    auto [x_gradient, weight_gradient, unused] =
        at::convolution_backward(gradient, quantised, site.quantised_weight, c10::nullopt, {site.stride, site.stride},
                                 {site.padding, site.padding}, {1, 1},
                                 /*transposed=*/false, {0, 0}, /*groups=*/1, {wants_x, true, false});
    if (site.wants_error_products) {
      site.activation_error_product = product(x_gradient, quantised, x);
      site.weight_error_product = product(weight_gradient, site.quantised_weight, weight);
    }
    if (!context->needs_input_grad(0)) x_gradient.reset();
    return {x_gradient, weight_gradient, at::Tensor()};
  }

 private:
  static double product(const at::Tensor& gradient, const at::Tensor& quantised, const at::Tensor& values) {
    const at::Tensor same_layout =
        gradient.strides() == values.strides() ? gradient : at::empty_like(values).copy_(gradient);
    return error_product(same_layout.data_ptr<float>(), quantised.data_ptr<float>(), values.data_ptr<float>(),
                         values.numel());
  }
};

}  // namespace

at::Tensor quantised_conv(const at::Tensor& x, const at::Tensor& weight, ConvSite& site) {
  if (site.weight_bits == 0) return convolve(x, weight, site);
  if (!at::GradMode::is_enabled()) return forward_of(dense(x), dense(weight), site);
  return QuantisedConv::apply(dense(x), dense(weight), &site);
}

}  // namespace ldpsim::quant
