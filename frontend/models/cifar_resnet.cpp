// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "frontend/models/model.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::models {
namespace {

constexpr double kNormEpsilon = 1e-5, kNormMomentum = 0.1;

/// Batch normalisation of `channels` maps, in float.
struct Norm {
  at::Tensor weight, bias, mean, variance;

  at::Tensor operator()(const at::Tensor& x, bool training) const {
    return at::batch_norm(x, weight, bias, mean, variance, training, kNormMomentum, kNormEpsilon,
                          /*cudnn_enabled=*/false);
  }
};

struct Conv {
  at::Tensor weight;
  std::size_t layer = 0;
};

struct Block {
  Conv conv1, conv2, shortcut;
  Norm norm1, norm2, shortcut_norm;
  bool has_shortcut = false;
};

at::Tensor normal(Random& random, at::IntArrayRef sizes, double deviation) {
  at::Tensor tensor = at::empty(sizes);
  float* values = tensor.data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));  // Box and Muller 1958
    values[i] = static_cast<float>(deviation * radius * std::cos(2 * std::numbers::pi * random.uniform()));
  }
  return tensor;
}

class CifarResNet final : public Model {
 public:
  CifarResNet(int blocks_per_stage, int classes, std::uint64_t seed) : random_(seed) {
    network_.name = fmt::format("resnet{}", 6 * blocks_per_stage + 2);
    stem_ = add_conv("conv1", 3, 16, 32, 3, 1);
    stem_norm_ = add_norm("bn1", 16);
    std::int64_t channels = 16, size = 32;
    for (int stage = 1; stage <= 3; ++stage) {
      const std::int64_t out = 16 << (stage - 1);
      for (int i = 1; i <= blocks_per_stage; ++i) {
        const std::int64_t stride = stage > 1 && i == 1 ? 2 : 1;
        blocks_.push_back(add_block(fmt::format("stage{}.block{}", stage, i), channels, out, size, stride));
        channels = out;
        size /= stride;
      }
    }
    add_classifier(channels, classes);
    sites_.resize(network_.layers.size());
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      sites_[i].stride = network_.layers[i].stride;
      sites_[i].padding = network_.layers[i].padding;
    }
  }

  at::Tensor forward(const at::Tensor& images, bool training) override {
    at::Tensor x = stem_norm_(run(stem_, images), training).relu_();
    for (const Block& block : blocks_) {
      at::Tensor y = block.norm1(run(block.conv1, x), training).relu_();
      y = block.norm2(run(block.conv2, y), training);
      y.add_(block.has_shortcut ? block.shortcut_norm(run(block.shortcut, x), training) : x);
      x = y.relu_();
    }
    return at::linear(at::avg_pool2d(x, 8).flatten(1), classifier_weight_, classifier_bias_);
  }

 private:
  at::Tensor run(const Conv& conv, const at::Tensor& x) {
    return quant::quantised_conv(x, conv.weight, sites_[conv.layer]);
  }

  at::Tensor add_parameter(const std::string& name, const at::Tensor& tensor) {
    parameters_.push_back({name, tensor.set_requires_grad(true)});
    return tensor;
  }
  at::Tensor add_buffer(const std::string& name, const at::Tensor& tensor) {
    buffers_.push_back({name, tensor});
    return tensor;
  }

  Conv add_conv(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel,
                std::int64_t stride) {
    Layer layer;
    layer.name = name;
    layer.in_channels = in;
    layer.out_channels = out;
    layer.in_height = layer.in_width = size;
    layer.kernel_height = layer.kernel_width = kernel;
    layer.stride = stride;
    layer.padding = kernel / 2;
    network_.layers.push_back(layer);
    const double deviation = std::sqrt(2.0 / static_cast<double>(kernel * kernel * out));
    // Channels last: the layout in which strided and 1x1 convolutions are several times faster.
    const at::Tensor weight =
        normal(random_, {out, in, kernel, kernel}, deviation).contiguous(at::MemoryFormat::ChannelsLast);
    return {add_parameter(name + ".weight", weight), network_.layers.size() - 1};
  }

  Norm add_norm(const std::string& name, std::int64_t channels) {
    return {add_parameter(name + ".weight", at::ones({channels})), add_parameter(name + ".bias", at::zeros({channels})),
            add_buffer(name + ".running_mean", at::zeros({channels})),
            add_buffer(name + ".running_var", at::ones({channels}))};
  }

  Block add_block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t stride) {
    Block block;
    block.conv1 = add_conv(name + ".conv1", in, out, size, 3, stride);
    block.norm1 = add_norm(name + ".bn1", out);
    block.conv2 = add_conv(name + ".conv2", out, out, size / stride, 3, 1);
    block.norm2 = add_norm(name + ".bn2", out);
    block.has_shortcut = in != out || stride != 1;
    if (block.has_shortcut) {
      block.shortcut = add_conv(name + ".shortcut", in, out, size, 1, stride);
      block.shortcut_norm = add_norm(name + ".bn3", out);
    }
    return block;
  }

  void add_classifier(std::int64_t channels, int classes) {
    Layer layer;
    layer.name = "fc";
    layer.kind = LayerKind::kLinear;
    layer.in_channels = channels;
    layer.out_channels = classes;
    layer.quantised = false;
    network_.layers.push_back(layer);
    const double deviation = std::sqrt(2.0 / static_cast<double>(classes * channels));
    classifier_weight_ = add_parameter("fc.weight", normal(random_, {classes, channels}, deviation));
    at::Tensor bias = at::empty({classes});
    const double bound = 1 / std::sqrt(static_cast<double>(channels));
    for (std::int64_t i = 0; i < classes; ++i) bias[i] = (2 * random_.uniform() - 1) * bound;
    classifier_bias_ = add_parameter("fc.bias", bias);
  }

  Random random_;
  Conv stem_;
  Norm stem_norm_;
  std::vector<Block> blocks_;
  at::Tensor classifier_weight_, classifier_bias_;
};

}  // namespace

ModelEntry cifar_resnet(int blocks_per_stage) {
  const int depth = 6 * blocks_per_stage + 2;
  return {fmt::format("resnet{}", depth),
          fmt::format("ResNet-{} for 32x32 images, {} quantised convolutions", depth, depth + 1),
          [blocks_per_stage](int classes, std::uint64_t seed) -> std::unique_ptr<Model> {
            return std::make_unique<CifarResNet>(blocks_per_stage, classes, seed);
          }};
}

}  // namespace ldpsim::models
