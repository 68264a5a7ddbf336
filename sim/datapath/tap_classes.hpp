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
  /// Class of row class `row` and column class `column`.
  std::int64_t of_classes(std::int64_t row, std::int64_t column) const { return row * columns() + column; }
  std::int64_t rows() const { return static_cast<std::int64_t>(rows_.valid.size()); }
  std::int64_t columns() const { return static_cast<std::int64_t>(columns_.valid.size()); }
  /// By tap: whether the outputs of a row (column) class meet a real element.
  const std::vector<bool>& row_taps(std::int64_t row_class) const {
    return rows_.valid[static_cast<std::size_t>(row_class)];
  }
  const std::vector<bool>& column_taps(std::int64_t column_class) const {
    return columns_.valid[static_cast<std::size_t>(column_class)];
  }
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
};

}  // namespace ldpsim
