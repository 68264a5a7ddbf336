// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/tap_classes.hpp"

#include <map>

namespace ldpsim {

TapClasses::TapClasses(const Problem& p) {
  const auto sort = [](std::int64_t outputs, std::int64_t taps, auto input) {
    Axis axis;
    std::map<std::vector<bool>, std::int64_t> known;
    for (std::int64_t o = 0; o < outputs; ++o) {
      std::vector<bool> valid(static_cast<std::size_t>(taps));
      for (std::int64_t k = 0; k < taps; ++k) valid[static_cast<std::size_t>(k)] = input(o, k) >= 0;
      const auto [entry, fresh] = known.emplace(valid, static_cast<std::int64_t>(known.size()));
      if (fresh) axis.valid.push_back(valid);
      axis.of.push_back(entry->second);
    }
    return axis;
  };
  rows_ = sort(p.out_height, p.kernel_height, [&](std::int64_t o, std::int64_t k) { return p.input_y(o, k); });
  columns_ = sort(p.out_width, p.kernel_width, [&](std::int64_t o, std::int64_t k) { return p.input_x(o, k); });
}

}  // namespace ldpsim
