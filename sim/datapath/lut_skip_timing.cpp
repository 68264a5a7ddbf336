// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/lut_skip_timing.hpp"

#include <algorithm>

#include "sim/datapath/lut_kernels.hpp"
#include "sim/datapath/tile_inputs.hpp"

namespace ldpsim {

void LutSkipTiming::add_segment(Row& row, std::int64_t first, std::int64_t stride) const {
  std::int64_t inputs = 0, tables = 0, place = 0;
  bool table_left = false;
  for (auto i = static_cast<std::size_t>(first); i < left_.size(); i += static_cast<std::size_t>(stride)) {
    if (place++ % rules_.table_inputs == 0) {
      tables += table_left;
      table_left = false;
    }
    inputs += left_[i];
    table_left = table_left || left_[i] != 0;
  }
  tables += table_left;
  if (!rules_.skips_whole_tables) tables = ceil_div(inputs, rules_.table_inputs);
  row.inputs += inputs;
  row.skipped += place - inputs;
  row.tables += tables;
  row.steps += ceil_div(tables * rules_.table_inputs, rules_.lanes);
}

template <class ForEach>
LutSkipTiming::Row LutSkipTiming::row_of(std::int64_t channels, ForEach for_each) {
  left_.clear();
  for_each([&](std::int64_t element) {
    left_.push_back(element >= 0 && near_zero_[static_cast<std::size_t>(element)] == 0);
  });
  Row row;
  const std::int64_t segments = rules_.one_channel_sums ? channels : 1;
  for (std::int64_t s = 0; s < segments; ++s) add_segment(row, s, segments);
  row.steps = std::max<std::int64_t>(1, row.steps);
  return row;
}

TileCost LutSkipTiming::tile_cost(const TileRange& tile) {
  TileShape shape;
  for (std::size_t l = 0; l < kLoopCount; ++l) shape.extent[l] = tile.last[l] - tile.first[l];
  const LutSkipCosts costs = costs_of_(shape);
  const TileInputs inputs(p_, tile);
  std::int64_t all_steps = 0, balanced = 0, set_rows = 0, set_most = 0, set_sum = 0;
  Row sum;
  std::int64_t rows = 0;
  const auto end_set = [&] {
    if (set_rows == 0) return;
    all_steps += set_most;
    balanced += ceil_div(set_sum, set_rows);
    set_rows = set_most = set_sum = 0;
  };
  const auto add = [&](const Row& row) {
    sum.inputs += row.inputs;
    sum.skipped += row.skipped;
    sum.tables += row.tables;
    ++rows;
    set_most = std::max(set_most, row.steps);
    set_sum += row.steps;
    if (++set_rows == rules_.rows) end_set();
  };
  if (rules_.table_is_moving) {
    const std::int64_t sample = inputs.windows_of_a_sample();
    inputs.for_each_window([&](std::int64_t b, std::int64_t y, std::int64_t x) {
      add(row_of(tile.extent(Loop::kChannels), [&](auto visit) { inputs.for_each_moving(b, y, x, visit); }));
      if (!rules_.flat_windows && rows % sample == 0) end_set();
    });
  } else {
    for (std::int64_t f = tile.begin(Loop::kFilters); f < tile.end(Loop::kFilters); ++f)
      add(row_of(tile.extent(Loop::kChannels), [&](auto visit) { inputs.for_each_stationary(f, visit); }));
  }
  end_set();
  TileCost cost;
  const Cycles cycles = std::min(costs.worst, all_steps * costs.step);
  cost.compute = std::min(cycles, balanced * costs.step);
  cost.imbalance = cycles - cost.compute;
  cost.difference[Action::kTerm] = sum.inputs * costs.builds;
  cost.difference[Action::kSkippedTerm] = sum.skipped * costs.builds;
  const std::int64_t spared = costs.tables - costs.builds * sum.tables;
  cost.difference[Action::kTableAdd] = -spared * (rules_.table_inputs - 1);
  cost.difference[Action::kTableWrite] = -spared * kLutEntries * rules_.entry_bits;
  return cost;
}

}  // namespace ldpsim
