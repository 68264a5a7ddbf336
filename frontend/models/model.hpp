// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "frontend/quant/conv.hpp"
#include "sim/workload/layer.hpp"

namespace ldpsim::models {

struct NamedTensor {
  std::string name;
  at::Tensor tensor;
};

/// A network that can be trained with a precision for each of its layers.
///
/// Contract: layers stand in the order in which forward runs them; sites() has one element a layer, unused for those
/// that are not quantised. The caller sets bits, keys and modes in sites() before each forward.
class Model {
 public:
  virtual ~Model() = default;
  /// Logits [N, classes] of images [N, 3, 32, 32].
  virtual at::Tensor forward(const at::Tensor& images, bool training) = 0;

  const Network& network() const { return network_; }
  std::vector<quant::ConvSite>& sites() { return sites_; }
  std::vector<NamedTensor>& parameters() { return parameters_; }  ///< those that gradients train
  std::vector<NamedTensor>& buffers() { return buffers_; }        ///< running statistics
  std::int64_t parameter_count() const;

 protected:
  Network network_;
  std::vector<quant::ConvSite> sites_;
  std::vector<NamedTensor> parameters_, buffers_;
};

/// A network as the command line knows it.
struct ModelEntry {
  std::string name, summary;
  std::function<std::unique_ptr<Model>(int classes, std::uint64_t seed)> make;
};

/// All networks. Adding one: its file and its line in builtin.cpp.
const std::vector<ModelEntry>& builtin_models();

/// ResNet of 6n+2 layers for 32x32 images (He et al. 2016, section 4.2, projection shortcuts).
ModelEntry cifar_resnet(int blocks_per_stage);

}  // namespace ldpsim::models
