// SPDX-License-Identifier: Apache-2.0
#include "frontend/models/model.hpp"

namespace ldpsim::models {

const std::vector<ModelEntry>& builtin_models() {
  static const std::vector<ModelEntry> entries = {
      cifar_resnet(1),
      cifar_resnet(3),
      cifar_resnet(6),
      cifar_resnet(12),
  };
  return entries;
}

std::int64_t Model::parameter_count() const {
  std::int64_t count = 0;
  for (const NamedTensor& parameter : parameters_) count += parameter.tensor.numel();
  return count;
}

}  // namespace ldpsim::models
