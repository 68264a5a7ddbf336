// SPDX-License-Identifier: Apache-2.0
#include "frontend/models/catalogue.hpp"

namespace ldpsim::models {

const std::vector<ModelEntry>& builtin_models() {
  static const std::vector<ModelEntry> entries = {
      cifar_resnet(1), cifar_resnet(3), cifar_resnet(6), cifar_resnet(12),
      resnet18(),      deit_tiny(),     pan_x4(),        transformer_lm(),
  };
  return entries;
}

}  // namespace ldpsim::models
