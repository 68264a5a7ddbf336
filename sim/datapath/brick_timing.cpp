// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/brick_timing.hpp"

#include <algorithm>
#include <map>
#include <numeric>

#include "sim/datapath/staggered_columns.hpp"

namespace ldpsim {
namespace {

bool same_codes(const TileRange& a, const TileRange& b) {
  if (a.group != b.group) return false;
  for (const Loop loop : {Loop::kBatch, Loop::kY, Loop::kX, Loop::kChannels}) {
    if (a.begin(loop) != b.begin(loop) || a.end(loop) != b.end(loop)) return false;
  }
  return true;
}

}  // namespace

const BrickTiming::Known& BrickTiming::known(const TileRange& tile) {
  if (last_ && same_codes(last_->tile, tile)) return *last_;
  last_ = Known{};
  last_->tile = tile;
  std::map<std::int64_t, Cycles> work;  // by the number of parts that share it, so that the mean is rounded once
  walk_.for_each_step(tile, [&](const BrickStep& step) {
    StepCost cost = cost_of(step);
    work[static_cast<std::int64_t>(cost.parts.size())] +=
        std::accumulate(cost.parts.begin(), cost.parts.end(), Cycles{0});
    last_->terms += cost.terms;
    last_->skipped_terms += cost.skipped_terms;
    last_->steps.push_back(std::move(cost.parts));
  });
  for (const auto& [parts, cycles] : work) last_->balanced += ceil_div(cycles, parts);
  return *last_;
}

Cycles BrickTiming::cycles_of(const StepRounds& steps) const {
  Cycles cycles = 0;
  for (std::size_t sample = 0; sample < steps.samples(); ++sample)
    steps.for_each(sample,
                   [&](const std::vector<Cycles>& parts) { cycles += *std::max_element(parts.begin(), parts.end()); });
  return cycles;
}

Cycles BrickTiming::staggered_cycles(const StepRounds& steps) const {
  Cycles cycles = 0;
  for (std::size_t sample = 0; sample < steps.samples(); ++sample) {
    StaggeredColumns columns(staggered_columns_);
    steps.for_each(sample, [&](const std::vector<Cycles>& parts) { columns.add(parts.front()); });
    cycles += columns.last();
  }
  return cycles;
}

TileCost BrickTiming::tile_cost(const TileRange& tile) {
  const Known& codes = known(tile);
  const std::int64_t sets = walk_.filter_sets(tile);
  const StepRounds steps(codes.steps, walk_.samples(tile), walk_.brick_count(tile), sets);
  const Cycles cycles = staggered_columns_ > 0 ? staggered_cycles(steps) : cycles_of(steps);
  TileCost cost;
  // parts that run ahead may have less than their share in the steps with few parts
  cost.compute = std::min(cycles, sets * codes.balanced);
  cost.imbalance = cycles - cost.compute;
  cost.difference[Action::kTerm] = sets * codes.terms;
  cost.difference[Action::kSkippedTerm] = sets * codes.skipped_terms;
  return cost;
}

}  // namespace ldpsim
