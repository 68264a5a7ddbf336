// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// code*scale + offset of every element.
inline std::vector<double> real_values(const QuantisedTensor& t) {
  std::vector<double> values(t.codes.size());
  const std::size_t slice = t.codes.size() / (t.scale.empty() ? 1 : t.scale.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t s = t.scale.size() == 1 ? 0 : i / slice, z = t.offset.size() == 1 ? 0 : i / slice;
    values[i] = t.codes[i] * t.scale[s] + t.offset[z];
  }
  return values;
}

}  // namespace ldpsim
