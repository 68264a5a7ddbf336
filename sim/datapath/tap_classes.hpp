// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/workload/problem.hpp"

namespace ldpsim {

/// Outputs of a problem sorted by which of their taps are real: all inner outputs are alike, those at borders and at
/// inserted zeros differ. What depends on validity alone is computed once a class.
class TapClasses {
 public:
  explicit TapClasses(const Problem& problem);
  std::int64_t count() const { return static_cast<std::int64_t>(rows_.valid.size() * columns_.valid.size()); }
  std::int64_t of(std::int64_t oy, std::int64_t ox) const {
    return rows_.of[static_cast<std::size_t>(oy)] * static_cast<std::int64_t>(columns_.valid.size()) +
           columns_.of[static_cast<std::size_t>(ox)];
  }
  /// Real taps of an output of a class.
  std::int64_t taps(std::int64_t tap_class) const;
  /// sums[class] += what each class meets of tap_sums [kernel row, kernel column]; all within 32 bits.
  void add_real_taps(const std::int32_t* tap_sums, std::int64_t* sums) const;
  bool valid(std::int64_t tap_class, std::int64_t ky, std::int64_t kx) const {
    const std::size_t width = columns_.valid.size(), c = static_cast<std::size_t>(tap_class);
    return rows_.valid[c / width][static_cast<std::size_t>(ky)] &&
           columns_.valid[c % width][static_cast<std::size_t>(kx)];
  }

 private:
  struct Axis {
    std::vector<std::vector<bool>> valid;  ///< [class][tap]
    std::vector<std::int64_t> of;          ///< class of an output
  };
  Axis rows_, columns_;
  std::int64_t kernel_height_, kernel_width_;
  std::vector<std::int32_t> column_masks_;  ///< [column class][kernel column]: all ones where the tap is real
};

}  // namespace ldpsim
