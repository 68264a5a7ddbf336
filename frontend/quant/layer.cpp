// SPDX-License-Identifier: Apache-2.0
#include "frontend/quant/layer.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "frontend/conv/convolution.hpp"
#include "frontend/quant/tensors.hpp"

namespace ldpsim::quant {
namespace {

using conv::Gradients;
using conv::Wanted;

/// The arithmetic of a convolution, as the layer below needs it.
struct Convolution {
  static conv::Geometry geometry(const Site& site) { return {site.stride, site.padding, site.groups}; }
  static at::Tensor forward(const conv::Operand& x, const at::Tensor& weight, const at::Tensor& bias,
                            const Site& site) {
    return conv::forward(x, weight, bias, geometry(site));
  }
  static Gradients backward(const conv::Operand& gradient, const conv::Operand& x, const at::Tensor& weight,
                            const Site& site, Wanted wanted, const conv::Done& done) {
    return conv::backward(gradient, x, weight, geometry(site), wanted, done);
  }
  static at::Tensor in_float(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Site& site) {
    return conv::convolve(x, weight, bias, geometry(site));
  }
};

/// That of a linear layer: matrices of all samples' (and tokens') rows.
struct Linear {
  static at::Tensor forward(const conv::Operand& x, const at::Tensor& weight, const at::Tensor& bias, const Site&) {
    return at::linear(x.whole(), weight, bias);
  }
  static Gradients backward(const conv::Operand& gradient, const conv::Operand& x, const at::Tensor& weight,
                            const Site&, Wanted wanted, const conv::Done& done) {
    const at::Tensor inputs = x.whole(), g = gradient.whole().reshape({-1, weight.size(0)});
    Gradients to;
    if (wanted.x) to.x = g.mm(weight).view(inputs.sizes());
    if (wanted.weight) to.weight = g.t().mm(inputs.reshape({-1, weight.size(1)}));
    if (wanted.bias) to.bias = g.sum(0);
    if (wanted.x && done) done(0, to.x, inputs);
    return to;
  }
  static at::Tensor in_float(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Site&) {
    return at::linear(x, weight, bias);
  }
};

template <typename Arithmetic>
at::Tensor forward_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Site& site) {
  choose_activation_grid(x, site);
  site.quantised_weight = quantise_weight(weight, site);
  site.quantised_bias = bias.defined() ? quantise_vector(bias, site.weight_bits, site, "bias") : at::Tensor();
  capture_forward(x, weight, site);
  return Arithmetic::forward(quantised_activation(x, site), site.quantised_weight, site.quantised_bias, site);
}

double product(const at::Tensor& gradient, const at::Tensor& quantised, const at::Tensor& values) {
  const at::Tensor same_layout =
      gradient.strides() == values.strides() ? gradient : at::empty_like(values).copy_(gradient);
  return error_product(same_layout, quantised, values);
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
    const Wanted wanted{context->needs_input_grad(0) || site.wants_error_products, true, bias.defined()};
    double activation_product = 0;
    conv::Done done;
    if (site.wants_error_products) {
      done = [&](std::int64_t first, const at::Tensor& to_x, const at::Tensor& quantised) {
        activation_product += product(to_x, quantised, x.narrow(0, first, quantised.size(0)));
      };
    }
    Gradients to = backward_of(dense(gradients[0]), x, site, wanted, done);
    if (site.wants_error_products) {
      site.activation_error_product = activation_product;
      site.weight_error_product = product(to.weight, site.quantised_weight, weight);
      if (bias.defined()) site.weight_error_product += product(to.bias, site.quantised_bias, bias);
    }
    if (!context->needs_input_grad(0)) to.x.reset();
    return {to.x, to.weight, to.bias, at::Tensor()};
  }

 private:
  static Gradients backward_of(const at::Tensor& gradient, const at::Tensor& x, Site& site, Wanted wanted,
                               const conv::Done& done) {
    const conv::Operand quantised = quantised_gradient(gradient, site), inputs = quantised_activation(x, site);
    const at::Tensor& weight = site.quantised_weight;
    if (!site.scheme.bifurcated) return Arithmetic::backward(quantised, inputs, weight, site, wanted, done);
    Gradients to =
        Arithmetic::backward(conv::Operand(gradient), inputs, weight, site, {false, wanted.weight, wanted.bias}, {});
    if (wanted.x) to.x = Arithmetic::backward(quantised, inputs, weight, site, {true, false, false}, done).x;
    return to;
  }
};

template <typename Arithmetic>
at::Tensor quantised_layer(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias) {
  if (site.weight_bits == 0) return Arithmetic::in_float(x, weight, bias, site);
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
