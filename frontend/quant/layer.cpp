// SPDX-License-Identifier: Apache-2.0
#include "frontend/quant/layer.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <fmt/format.h>

#include "frontend/scale/ensemble.hpp"
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

float checked_span(const Range& range, const Site& site, const char* tensor) {
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

/// The range of the parts that all processes have of a tensor.
Range shared(const Range& part) {
  if (scale::ensemble().alone()) return part;
  at::Tensor ends = torch::tensor({-part.low, part.high, part.finite ? 0.0f : 1.0f});
  scale::ensemble().largest(ends);
  const float* end = ends.data_ptr<float>();
  return {-end[0], end[1], end[2] == 0};
}

/// Quantises a weight [K, ...] slice by slice; output channels are contiguous in memory.
at::Tensor quantise_weight(const at::Tensor& weight, Site& site) {
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

void choose_activation_grid(const at::Tensor& x, Site& site) {
  if (!site.training) {
    site.activation_grid = make_grid(site.running_low, site.running_span, site.activation_bits);
    return;
  }
  const Range range = shared(find_range(x.data_ptr<float>(), x.numel()));
  const float span = checked_span(range, site, "activation");
  site.running_low = running_mean(site.running_low, range.low);
  site.running_span = running_mean(site.running_span, span);
  site.activation_grid = make_grid(range.low, span, site.activation_bits);
}

at::Tensor quantise_bias(const at::Tensor& bias, const Site& site) {
  if (!bias.defined()) return {};
  const Range range = find_range(bias.data_ptr<float>(), bias.numel());
  at::Tensor quantised = at::empty_like(bias);
  quantise_nearest(bias.data_ptr<float>(), bias.numel(),
                   make_grid(range.low, checked_span(range, site, "bias"), site.weight_bits),
                   quantised.data_ptr<float>());
  return quantised;
}

/// A tensor with the four dimensions that traces have: an operand of a linear layer [N, T, C] is N, C, T, 1 in them.
at::Tensor four_dimensions(const at::Tensor& tensor) {
  if (tensor.dim() == 4) return tensor;
  return tensor.dim() == 2 ? tensor.unsqueeze(-1).unsqueeze(-1) : tensor.transpose(1, 2).unsqueeze(-1);
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
  const at::Tensor shaped = four_dimensions(tensor);
  return {grids[0].bits, shaped.sizes().vec(), grids, in_trace_order(codes, shaped)};
}

void capture_forward(const at::Tensor& x, const at::Tensor& weight, Site& site) {
  if (!site.capture || !site.training) return;
  const at::Tensor first = x.narrow(0, 0, std::min(site.capture->images, x.size(0)));
  site.capture->activation = captured(first, {site.activation_grid}, encode_nearest);
  site.capture->weight = captured(weight, site.weight_grids, encode_nearest);
}

/// The gradient of the output as both backward passes see it.
at::Tensor quantise_gradient(const at::Tensor& gradient, Site& site) {
  const Range range = shared(find_range(gradient.data_ptr<float>(), gradient.numel()));
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
                      quantised.data_ptr<float>(), site.first_sample * (gradient.numel() / gradient.size(0)));
  return quantised;
}

/// Gradients of the three operands; of the bias only where there is one.
struct Gradients {
  at::Tensor x, weight, bias;
};

/// The arithmetic of a convolution, as the layer below needs it.
struct Convolution {
  static at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Site& site) {
    return at::conv2d(x, weight, bias, site.stride, site.padding, 1, site.groups);
  }
  static Gradients backward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, const Site& site,
                            bool wants_x, bool wants_bias) {
    const std::int64_t outputs = weight.size(0);
    auto [to_x, to_weight, to_bias] = at::convolution_backward(
        gradient, x, weight, wants_bias ? c10::OptionalIntArrayRef({outputs}) : c10::OptionalIntArrayRef(),
        {site.stride, site.stride}, {site.padding, site.padding}, {1, 1},
        /*transposed=*/false, {0, 0}, site.groups, {wants_x, true, wants_bias});
    return {to_x, to_weight, to_bias};
  }
};

/// That of a linear layer: matrices of all samples' (and tokens') rows.
struct Linear {
  static at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Site&) {
    return at::linear(x, weight, bias);
  }
  static Gradients backward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, const Site&,
                            bool wants_x, bool wants_bias) {
    const at::Tensor g = gradient.reshape({-1, weight.size(0)}), rows = x.reshape({-1, weight.size(1)});
    return {wants_x ? g.mm(weight).view(x.sizes()) : at::Tensor(), g.t().mm(rows),
            wants_bias ? g.sum(0) : at::Tensor()};
  }
};

template <typename Arithmetic>
at::Tensor forward_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Site& site) {
  choose_activation_grid(x, site);
  site.quantised_weight = quantise_weight(weight, site);
  site.quantised_bias = quantise_bias(bias, site);
  capture_forward(x, weight, site);
  const at::Tensor quantised = operand_scratch.like(x);
  quantise_nearest(x.data_ptr<float>(), x.numel(), site.activation_grid, quantised.data_ptr<float>());
  return Arithmetic::forward(quantised, site.quantised_weight, site.quantised_bias, site);
}

double product(const at::Tensor& gradient, const at::Tensor& quantised, const at::Tensor& values) {
  const at::Tensor same_layout =
      gradient.strides() == values.strides() ? gradient : at::empty_like(values).copy_(gradient);
  return error_product(same_layout.data_ptr<float>(), quantised.data_ptr<float>(), values.data_ptr<float>(),
                       values.numel());
}

/// Saves the float operands, not the quantised ones: x is the output of a ReLU, which keeps it anyway, and quantising
/// it a second time costs less than keeping another tensor of its size through the whole step.
template <typename Arithmetic>
class QuantisedLayer : public torch::autograd::Function<QuantisedLayer<Arithmetic>> {
 public:
  using Context = torch::autograd::AutogradContext;

  /// LibTorch wants an input that may be absent to be an optional one.
  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias, Site* site) {
    context->save_for_backward({x, weight, bias.value_or(at::Tensor())});
    context->saved_data["site"] = reinterpret_cast<std::int64_t>(site);
    return forward_of<Arithmetic>(x, weight, bias.value_or(at::Tensor()), *site);
  }

  static torch::autograd::variable_list backward(Context* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &bias = saved[2];
    Site& site = *reinterpret_cast<Site*>(context->saved_data["site"].toInt());
    const at::Tensor gradient = quantise_gradient(dense(gradients[0]), site);
    const at::Tensor quantised = operand_scratch.like(x);
    quantise_nearest(x.data_ptr<float>(), x.numel(), site.activation_grid, quantised.data_ptr<float>());
    const bool wants_x = context->needs_input_grad(0) || site.wants_error_products;
    Gradients to =
        Arithmetic::backward(gradient, quantised, site.quantised_weight, site, wants_x, /*wants_bias=*/bias.defined());
    if (site.wants_error_products) {
      site.activation_error_product = product(to.x, quantised, x);
      site.weight_error_product = product(to.weight, site.quantised_weight, weight);
      if (bias.defined()) site.weight_error_product += product(to.bias, site.quantised_bias, bias);
    }
    if (!context->needs_input_grad(0)) to.x.reset();
    return {to.x, to.weight, to.bias, at::Tensor()};
  }
};

template <typename Arithmetic>
at::Tensor quantised_layer(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias) {
  if (site.weight_bits == 0) return Arithmetic::forward(x, weight, bias, site);
  if (!at::GradMode::is_enabled()) return forward_of<Arithmetic>(dense(x), dense(weight), bias, site);
  return QuantisedLayer<Arithmetic>::apply(dense(x), dense(weight),
                                           bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt, &site);
}

}  // namespace

at::Tensor quantised_conv(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias) {
  return quantised_layer<Convolution>(x, weight, site, bias);
}

at::Tensor quantised_linear(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias) {
  return quantised_layer<Linear>(x, weight, site, bias);
}

}  // namespace ldpsim::quant
