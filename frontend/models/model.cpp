// SPDX-License-Identifier: Apache-2.0
#include "frontend/models/model.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

#include "frontend/quant/range_norm.hpp"

namespace ldpsim::models {

at::Tensor BatchNorm::operator()(const at::Tensor& x, bool training, const norm::Then& then) const {
  if (range == nullptr) return norm::batch_norm(x, {weight, bias, mean, variance}, training, then);
  range->site.training = training;
  at::Tensor y = quant::range_norm(x, weight, bias, mean, variance, range->site);
  if (then.added.defined()) y.add_(then.added);
  return then.relu ? y.relu_() : y;
}

at::Tensor LayerNorm::operator()(const at::Tensor& x) const {
  return at::layer_norm(x, {weight.size(0)}, weight, bias, epsilon);
}

std::int64_t Model::parameter_count() const {
  std::int64_t count = 0;
  for (const NamedTensor& parameter : parameters_) count += parameter.tensor.numel();
  return count;
}

std::size_t Model::add_layer(const Layer& layer) {
  network_.layers.push_back(layer);
  if (build_.scheme.everything && layer.kind != LayerKind::kMatmul) network_.layers.back().quantised = true;
  quant::Site& site = sites_.emplace_back();
  site.scheme = build_.scheme;
  site.stride = layer.stride;
  site.padding = layer.padding;
  site.groups = layer.groups;
  return network_.layers.size() - 1;
}

at::Tensor Model::add_parameter(const std::string& name, const at::Tensor& tensor) {
  const at::Tensor placed = tensor.to(build_.device);
  parameters_.push_back({name, placed.set_requires_grad(true)});
  return placed;
}

at::Tensor Model::add_buffer(const std::string& name, const at::Tensor& tensor) {
  buffers_.push_back({name, tensor.to(build_.device)});
  return buffers_.back().tensor;
}

BatchNorm Model::add_batch_norm(const std::string& name, std::int64_t channels, bool ends_block) {
  const int bits = build_.scheme.norm_bits;
  const bool ranges = bits > 0, closed = ends_block && build_.scheme.closed_blocks;
  BatchNorm norm;
  norm.weight = add_parameter(name + ".weight", closed ? at::zeros({channels}) : at::ones({channels}));
  norm.bias = add_parameter(name + ".bias", at::zeros({channels}));
  norm.mean = add_buffer(name + ".running_mean", at::zeros({channels}));
  if (!ranges) {
    norm.variance = add_buffer(name + ".running_var", at::ones({channels}));
    return norm;
  }
  norm.variance = add_buffer(name + ".running_inverse", at::zeros({channels}));
  norm.range = &range_norms_.emplace_back();
  norm.range->name = name;
  norm.range->site.scheme = build_.scheme;
  norm.range->site.activation_bits = bits;
  norm.range->site.gradient_bits = build_.scheme.norm_gradient_bits;
  return norm;
}

LayerNorm Model::add_layer_norm(const std::string& name, std::int64_t channels, double epsilon) {
  return {add_parameter(name + ".weight", at::ones({channels})), add_parameter(name + ".bias", at::zeros({channels})),
          epsilon};
}

Weights Model::add_conv(const Layer& layer, double deviation, bool bias) {
  Weights conv;
  conv.layer = add_layer(layer);
  const std::int64_t fan_in = layer.in_channels / layer.groups * layer.kernel_height * layer.kernel_width;
  const at::Tensor weight = normal(
      {layer.out_channels, layer.in_channels / layer.groups, layer.kernel_height, layer.kernel_width}, deviation);
  conv.weight = add_parameter(layer.name + ".weight", weight.contiguous(at::MemoryFormat::ChannelsLast));
  if (bias) {
    conv.bias =
        add_parameter(layer.name + ".bias", uniform({layer.out_channels}, 1 / std::sqrt(static_cast<double>(fan_in))));
  }
  return conv;
}

Weights Model::add_linear(const Layer& layer, double deviation) {
  Weights linear;
  linear.layer = add_layer(layer);
  linear.weight = add_parameter(layer.name + ".weight", normal({layer.out_channels, layer.in_channels}, deviation));
  linear.bias = add_parameter(layer.name + ".bias", at::zeros({layer.out_channels}));
  return linear;
}

Weights Model::add_classifier(std::int64_t channels, std::int64_t classes, const at::Tensor& weight) {
  Weights linear;
  linear.layer = add_layer(linear_layer("fc", channels, classes, 1, /*quantised=*/false));
  linear.weight = add_parameter("fc.weight", weight);
  linear.bias = add_parameter("fc.bias", uniform({classes}, 1 / std::sqrt(static_cast<double>(channels))));
  return linear;
}

at::Tensor Model::run_conv(const Weights& conv, const at::Tensor& x) {
  return quant::quantised_conv(x, conv.weight, sites_[conv.layer], conv.bias);
}

at::Tensor Model::run_linear(const Weights& linear, const at::Tensor& x) {
  return quant::quantised_linear(x, linear.weight, sites_[linear.layer], linear.bias);
}

at::Tensor Model::normal(at::IntArrayRef sizes, double deviation) {
  at::Tensor tensor = at::empty(sizes);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - random_.uniform()));  // Box and Muller 1958
    values[i] = static_cast<float>(deviation * radius * std::cos(2 * std::numbers::pi * random_.uniform()));
  }
  return tensor;
}

at::Tensor Model::uniform(at::IntArrayRef sizes, double bound) {
  at::Tensor tensor = at::empty(sizes);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    values[i] = static_cast<float>((2 * random_.uniform() - 1) * bound);
  }
  return tensor;
}

Layer conv_layer(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel,
                 std::int64_t stride, bool quantised) {
  Layer layer;
  layer.name = name;
  layer.in_channels = in;
  layer.out_channels = out;
  layer.in_height = layer.in_width = size;
  layer.kernel_height = layer.kernel_width = kernel;
  layer.stride = stride;
  layer.padding = kernel / 2;
  layer.quantised = quantised;
  return layer;
}

Layer linear_layer(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t tokens, bool quantised) {
  Layer layer;
  layer.name = name;
  layer.kind = LayerKind::kLinear;
  layer.in_channels = in;
  layer.out_channels = out;
  layer.in_height = tokens;
  layer.quantised = quantised;
  return layer;
}

Layer matmul_layer(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t tokens,
                   std::int64_t heads) {
  Layer layer = linear_layer(name, in, out, tokens, false);
  layer.kind = LayerKind::kMatmul;
  layer.groups = heads;
  return layer;
}

}  // namespace ldpsim::models
