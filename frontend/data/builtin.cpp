// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "frontend/data/dataset.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {

const std::vector<DatasetEntry>& builtin_datasets() {
  static const std::vector<DatasetEntry> entries = {
      fashion_mnist(),
      cifar10(),
      cifar100(),
  };
  return entries;
}

void check_labels(const std::string& file, const std::vector<std::uint8_t>& labels, int classes) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] >= classes) {
      throw DamagedFile(file, fmt::format("image {} has label {}", i, labels[i]),
                        fmt::format("labels are 0 to {}", classes - 1));
    }
  }
}

}  // namespace ldpsim::data
