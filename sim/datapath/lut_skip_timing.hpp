// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <vector>

#include "sim/arch/value_timing.hpp"
#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// How a look-up-table array with a near-zero skipper treats one problem.
struct LutSkipRules {
  bool table_is_moving = true;    ///< rows of tables are windows, else filters
  bool flat_windows = false;      ///< windows of different samples share the rows
  bool one_channel_sums = false;  ///< inputs of different channels do not share a step
  std::int64_t rows = 1;          ///< of tables, side by side
  std::int64_t lanes = 1;         ///< inputs of a row in a step
  std::int64_t table_inputs = 3;
  bool skips_whole_tables = false;
  std::int64_t entry_bits = 18;  ///< of a table
};

/// What a tile costs without skipping.
struct LutSkipCosts {
  Cycles worst = 0;
  Cycles step = 0;          ///< reading a set of tables for all rows of the serial operand
  std::int64_t builds = 0;  ///< times that a row's tables are built
  std::int64_t tables = 0;  ///< built in all
};

/// Cycles by the inputs that are left. Every row of tables takes the inputs of its window (or filter) that are not
/// near zero, packed in the order of the taps, `lanes` a step; paddings are skipped too. The rows of a set wait for the
/// slowest, which has a step at least. A set's mean is compute time, the rest imbalance. Counted besides: inputs worked
/// on and skipped (terms), and the tables that are not built.
class LutSkipTiming final : public ValueTiming {
 public:
  using CostsOf = std::function<LutSkipCosts(const TileShape&)>;
  /// `near_zero`: of every element of the table operand.
  LutSkipTiming(const Problem& problem, const LutSkipRules& rules, std::vector<char> near_zero, CostsOf costs_of)
      : p_(problem), rules_(rules), near_zero_(std::move(near_zero)), costs_of_(std::move(costs_of)) {}
  TileCost tile_cost(const TileRange& tile) override;

 private:
  /// What is left of a row.
  struct Row {
    std::int64_t inputs = 0, skipped = 0, tables = 0, steps = 0;
  };
  template <class ForEach>
  Row row_of(std::int64_t channels, ForEach for_each);
  /// Adds inputs that may share steps: first, first + stride, ... of left_.
  void add_segment(Row& row, std::int64_t first, std::int64_t stride) const;

  Problem p_;
  LutSkipRules rules_;
  std::vector<char> near_zero_;
  CostsOf costs_of_;
  std::vector<char> left_;  ///< of the inputs of one row, tap by tap: whether it is worked on
};

}  // namespace ldpsim
