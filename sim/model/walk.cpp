// SPDX-License-Identifier: Apache-2.0
#include "sim/model/walk.hpp"

#include <algorithm>

#include "sim/core/error.hpp"

namespace ldpsim {

Walk::Walk(const PeArray& array, const MemorySpec& memory, const TilePlan& plan)
    : array_(&array), plan_(&plan), always_read_(memory.outputs_always_read), extent_(loop_extents(plan.problem)) {
  const auto continued =
      continued_innermost(array.continued_loops(plan.problem, plan.bits, plan.tile), plan.trips, plan.order);
  for (std::size_t level = kLoopCount; level-- > 0;) {
    const Loop loop = plan.order[level];
    trips_[level] = plan.trips[static_cast<std::size_t>(loop)];
    continued_[level] = continued[static_cast<std::size_t>(loop)];
    iteration_steps_[level] = steps_;
    steps_ *= trips_[level];
    cut_[level] = !array.charges_full_tiles() && extent_[loop] % plan.tile[loop] != 0;
  }
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    block_level_[t] = static_cast<int>(kLoopCount) - plan.resident_loops[t];
    span_[t] = block_level_[t] == 0 ? steps_ : iteration_steps_[static_cast<std::size_t>(block_level_[t] - 1)];
    if (plan.block_transfers[t] != steps_ / span_[t])
      throw InternalError("a plan's number of blocks contradicts its loops");
    if (plan.block_bits[t] <= 0) throw InternalError("a plan has a block without bits");
  }
  std::int64_t visits = 1;
  for (int level = 0; level < block_level(Tensor::kOutput); ++level) {
    const auto l = static_cast<std::size_t>(level);
    revisits_[l] = trips_[l] > 1 && !depends_on(plan.problem.pass, Tensor::kOutput, plan.order[l]);
    if (revisits_[l]) visits *= trips_[l];
  }
  const std::int64_t all = blocks(Tensor::kOutput);
  if (plan.output_block_reads != (always_read_ ? all : all - all / visits)) {
    throw InternalError("a plan's output reads contradict its loops");
  }
}

bool Walk::output_read(std::int64_t block) const {
  if (always_read_) return true;
  const std::int64_t step = block * span(Tensor::kOutput);
  for (std::size_t l = 0; l < kLoopCount; ++l) {
    if (revisits_[l] && step / iteration_steps_[l] % trips_[l] != 0) return true;
  }
  return false;
}

bool Walk::first_iteration_differs(int level) const {
  const auto l = static_cast<std::size_t>(level);
  return (!always_read_ && revisits_[l]) || (continued_[l] && trips_[l] > 1);
}

TileOverhead Walk::step_overhead(const std::array<std::int64_t, kLoopCount>& index) const {
  TileOverhead overhead = cost_at(index).overhead;
  for (std::size_t l = 0; l < kLoopCount; ++l) {
    if (continued_[l] && index[l] > 0) overhead.fill_drain = 0;
  }
  return overhead;
}

const Walk::Cost& Walk::cost_at(const std::array<std::int64_t, kLoopCount>& index) const {
  std::size_t edges = 0;
  for (std::size_t l = 0; l < kLoopCount; ++l)
    edges |= static_cast<std::size_t>(cut_[l] && index[l] == trips_[l] - 1) << l;
  Cost& cost = costs_[edges];
  if (cost.compute < 0) {
    TileShape tile = plan_->tile;
    for (std::size_t l = 0; l < kLoopCount; ++l) {
      const Loop loop = plan_->order[l];
      if ((edges >> l & 1) != 0) tile[loop] = extent_[loop] % tile[loop];
    }
    cost = {array_->tile_cycles(plan_->problem, plan_->bits, tile),
            array_->tile_overhead(plan_->problem, plan_->bits, tile)};
  }
  return cost;
}

TileRange Walk::range(const std::array<std::int64_t, kLoopCount>& index, std::int64_t group) const {
  TileRange range;
  range.group = group;
  for (std::size_t l = 0; l < kLoopCount; ++l) {
    const auto loop = static_cast<std::size_t>(plan_->order[l]);
    range.first[loop] = index[l] * plan_->tile.extent[loop];
    range.last[loop] = std::min(range.first[loop] + plan_->tile.extent[loop], extent_.extent[loop]);
  }
  return range;
}

int Walk::advance(std::array<std::int64_t, kLoopCount>& index) const {
  for (int level = static_cast<int>(kLoopCount) - 1; level >= 0; --level) {
    const auto l = static_cast<std::size_t>(level);
    if (++index[l] < trips_[l]) return level;
    index[l] = 0;
  }
  return -1;
}

}  // namespace ldpsim
