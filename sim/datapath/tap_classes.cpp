// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/tap_classes.hpp"

#include <map>

namespace ldpsim {

TapClasses::TapClasses(const Problem& p) : kernel_height_(p.kernel_height), kernel_width_(p.kernel_width) {
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
  for (const std::vector<bool>& valid : columns_.valid) {
    for (const bool real : valid) column_masks_.push_back(real ? -1 : 0);
  }
}

std::int64_t TapClasses::taps(std::int64_t tap_class) const {
  std::int64_t count = 0;
  for (std::int64_t ky = 0; ky < kernel_height_; ++ky)
    for (std::int64_t kx = 0; kx < kernel_width_; ++kx) count += valid(tap_class, ky, kx);
  return count;
}

void TapClasses::add_real_taps(const std::int32_t* tap_sums, std::int64_t* sums) const {
  const std::size_t columns = columns_.valid.size();
  for (std::size_t column = 0; column < columns; ++column) {
    const std::int32_t* masks = &column_masks_[column * static_cast<std::size_t>(kernel_width_)];
    for (std::int64_t ky = 0; ky < kernel_height_; ++ky) {
      const std::int32_t* row_sums = tap_sums + ky * kernel_width_;
      std::int32_t sum = 0;
      for (std::int64_t kx = 0; kx < kernel_width_; ++kx) sum += row_sums[kx] & masks[kx];
      for (std::size_t row = 0; row < rows_.valid.size(); ++row) {
        if (rows_.valid[row][static_cast<std::size_t>(ky)]) sums[row * columns + column] += sum;
      }
    }
  }
}

}  // namespace ldpsim
