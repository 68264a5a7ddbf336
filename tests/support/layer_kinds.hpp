// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/workload/layer.hpp"

namespace ldpsim::test {

/// One small layer of every kind that networks have.
inline std::vector<Layer> layer_kinds() {
  const Layer conv{.name = "convolution",
                   .in_channels = 20,
                   .out_channels = 18,
                   .in_height = 9,
                   .in_width = 7,
                   .kernel_height = 3,
                   .kernel_width = 3,
                   .padding = 1};
  std::vector<Layer> layers(6, conv);
  layers[1].name = "strided";
  layers[1].stride = 2;
  layers[2].name = "pointwise";
  layers[2].kernel_height = layers[2].kernel_width = 1;
  layers[2].padding = 0;
  layers[3].name = "grouped";
  layers[3].groups = 2;
  layers[4].name = "depthwise";
  layers[4].out_channels = layers[4].groups = layers[4].in_channels;
  layers[5].name = "strided pointwise";
  layers[5].kernel_height = layers[5].kernel_width = 1;
  layers[5].padding = 0;
  layers[5].stride = 2;
  layers.push_back({.name = "fully connected", .kind = LayerKind::kLinear, .in_channels = 70, .out_channels = 37});
  layers.push_back(
      {.name = "tokens", .kind = LayerKind::kLinear, .in_channels = 33, .out_channels = 20, .in_height = 19});
  layers.push_back(
      {.name = "matmul", .kind = LayerKind::kMatmul, .in_channels = 24, .out_channels = 19, .in_height = 21});
  layers.push_back({.name = "heads",
                    .kind = LayerKind::kMatmul,
                    .in_channels = 3 * 8,
                    .out_channels = 3 * 19,
                    .in_height = 19,
                    .groups = 3});
  return layers;
}

}  // namespace ldpsim::test
