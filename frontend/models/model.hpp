// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "frontend/models/catalogue.hpp"
#include "frontend/norm/batch_norm.hpp"
#include "frontend/quant/layer.hpp"
#include "sim/core/random.hpp"
#include "sim/workload/layer.hpp"

namespace ldpsim::models {

struct Build {
  std::uint64_t seed = 1;  ///< of the first weights
  quant::Scheme scheme = {};
  at::Device device = at::kCPU;
};

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// A convolution or a linear layer and its place in the network.
struct Weights {
  at::Tensor weight, bias;  ///< [K, C / groups, R, S] or [K, C]; [K] or undefined
  std::size_t layer = 0;
};

/// Range BN and its name in the network.
struct RangeNorm {
  std::string name;
  quant::Site site;
};

/// Batch normalisation, in float (He et al. 2016: epsilon 1e-5, momentum 0.1), or Range BN.
struct BatchNorm {
  at::Tensor weight, bias, mean, variance;  ///< of Range BN the fourth is the inverse deviation
  RangeNorm* range = nullptr;
  at::Tensor operator()(const at::Tensor& x, bool training, const norm::Then& then = {}) const;
};

/// Layer normalisation over the last dimension, in float.
struct LayerNorm {
  at::Tensor weight, bias;
  double epsilon = 1e-5;
  at::Tensor operator()(const at::Tensor& x) const;
};

/// A network that can be trained with a precision for each of its layers.
///
/// Contract: layers stand in the order in which forward runs them; sites() has one element a layer, unused for those
/// that are not quantised. The caller sets bits, keys and modes in sites() before each forward, in range_norms() keys
/// and modes. All that is random in a forward pass comes from LibTorch's generator, which the caller seeds. Every
/// tensor is on the device that the network was built for; so must be the input.
class Model {
 public:
  explicit Model(const Build& build) : build_(build), random_(build.seed) {}
  virtual ~Model() = default;
  /// Of images [N, 3, H, W]: logits [N, classes], or images [N, 3, 4H, 4W]. Of tokens [N, T]: logits [N, T, words].
  virtual at::Tensor forward(const at::Tensor& input, bool training) = 0;

  const Network& network() const { return network_; }
  std::vector<quant::Site>& sites() { return sites_; }
  std::deque<RangeNorm>& range_norms() { return range_norms_; }   ///< empty in networks without
  std::vector<NamedTensor>& parameters() { return parameters_; }  ///< those that gradients train
  std::vector<NamedTensor>& buffers() { return buffers_; }        ///< running statistics
  std::int64_t parameter_count() const;

 protected:
  /// A layer of the network's description; sites() gains its element.
  std::size_t add_layer(const Layer& layer);
  at::Tensor add_parameter(const std::string& name, const at::Tensor& tensor);
  at::Tensor add_buffer(const std::string& name, const at::Tensor& tensor);
  /// `ends_block`: where the scheme closes blocks the weight starts at 0, so that the block starts as its shortcut.
  BatchNorm add_batch_norm(const std::string& name, std::int64_t channels, bool ends_block = false);
  LayerNorm add_layer_norm(const std::string& name, std::int64_t channels, double epsilon);

  /// Layer and weight of a convolution, drawn from N(0, deviation^2); channels last, the layout in which strided and
  /// 1x1 convolutions are several times faster. `bias`: uniform within +-1/sqrt(fan-in), as LibTorch draws it.
  Weights add_conv(const Layer& layer, double deviation, bool bias = false);
  /// The same for a linear layer; its bias starts at zero.
  Weights add_linear(const Layer& layer, double deviation);
  /// A linear layer that classifies, its bias drawn from +-1/sqrt(fan-in); `weight` [K, C].
  Weights add_classifier(std::int64_t channels, std::int64_t classes, const at::Tensor& weight);

  at::Tensor run_conv(const Weights& conv, const at::Tensor& x);
  at::Tensor run_linear(const Weights& linear, const at::Tensor& x);

  at::Tensor normal(at::IntArrayRef sizes, double deviation);
  at::Tensor uniform(at::IntArrayRef sizes, double bound);

  Network network_;
  std::vector<quant::Site> sites_;
  std::deque<RangeNorm> range_norms_;  // layers point to them
  std::vector<NamedTensor> parameters_, buffers_;

 private:
  Build build_;
  Random random_;
};

/// Shapes of layers, for descriptions.
Layer conv_layer(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel,
                 std::int64_t stride = 1, bool quantised = true);
Layer linear_layer(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t tokens = 1,
                   bool quantised = true);
/// A product of two activations in attention, each head by itself; always in float.
Layer matmul_layer(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t tokens, std::int64_t heads);

}  // namespace ldpsim::models
