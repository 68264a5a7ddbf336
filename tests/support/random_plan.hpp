// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <numeric>

#include "sim/core/random.hpp"
#include "tests/support/fake_array.hpp"

namespace ldpsim::test {
/// datapath_cases.hpp has another Case; programs may hold both.
inline namespace plans {

/// A machine and a plan that a test makes up; complete() fills in what follows from the rest.
struct Case {
  FakeArray array;
  MemorySpec memory;
  TilePlan plan;

  /// Extents of the problem from tile and trips; `missing` elements are cut off the last tile of each loop.
  void set_extents(const std::array<std::int64_t, kLoopCount>& missing) {
    Problem& p = plan.problem;
    std::array<std::int64_t, kLoopCount> extent{};
    for (std::size_t l = 0; l < kLoopCount; ++l) extent[l] = plan.trips[l] * plan.tile.extent[l] - missing[l];
    const bool weight_pass = p.pass == Pass::kBackwardWeight;  // there the tiled positions are those of the kernel
    p.batch = extent[0];
    (weight_pass ? p.kernel_height : p.out_height) = extent[1];
    (weight_pass ? p.kernel_width : p.out_width) = extent[2];
    p.channels = extent[3];
    p.filters = extent[4];
  }

  void complete() {
    std::int64_t inner = 1, revisits = 1;
    std::array<std::int64_t, kTensorCount> span{1, 1, 1};
    for (int level = static_cast<int>(kLoopCount) - 1; level >= 0; --level) {
      const Loop loop = plan.order[static_cast<std::size_t>(level)];
      const std::int64_t trips = plan.trips[static_cast<std::size_t>(loop)];
      inner *= trips;
      for (std::size_t t = 0; t < kTensorCount; ++t) {
        if (static_cast<int>(kLoopCount) - level <= plan.resident_loops[t]) span[t] = inner;
      }
      const bool outside = static_cast<int>(kLoopCount) - level > plan.resident_loops[2];
      if (outside && !depends_on(plan.problem.pass, Tensor::kOutput, loop)) revisits *= trips;
    }
    for (std::size_t t = 0; t < kTensorCount; ++t) plan.block_transfers[t] = inner / span[t];
    plan.output_block_reads = memory.outputs_always_read ? plan.block_transfers[2]
                                                         : plan.block_transfers[2] - plan.block_transfers[2] / revisits;
    const TileShape whole = loop_extents(plan.problem);
    plan.compute_cycles = array.cycles_per_element;
    for (std::size_t l = 0; l < kLoopCount; ++l) {
      plan.compute_cycles *= array.full_tiles ? plan.trips[l] * plan.tile.extent[l] : whole.extent[l];
    }
    plan.buffer_stall_cycles = array.overhead.buffer_stall * plan.steps();
    plan.fill_drain_cycles = array.overhead.fill_drain * plan.steps();
    for (int level = static_cast<int>(kLoopCount) - 1; level >= 0; --level) {
      const auto loop = static_cast<std::size_t>(plan.order[static_cast<std::size_t>(level)]);
      if (!array.continued[loop] && plan.trips[loop] > 1) break;
      plan.fill_drain_cycles /= plan.trips[loop];
    }
    const auto& bits = plan.block_bits;
    plan.counts = {};
    plan.counts[Action::kDramRead] =
        bits[0] * plan.block_transfers[0] + bits[1] * plan.block_transfers[1] + bits[2] * plan.output_block_reads;
    plan.counts[Action::kDramWrite] = bits[2] * plan.block_transfers[2];
    const std::int64_t bw = memory.dram_bits_per_cycle, last = bits[2];
    const std::int64_t first = bits[0] + bits[1] + (memory.outputs_always_read ? bits[2] : 0);
    const std::int64_t between = plan.counts[Action::kDramRead] + plan.counts[Action::kDramWrite] - first - last;
    plan.bound_cycles = std::max(plan.busy_cycles(), ceil_div(between, bw)) + ceil_div(first, bw) + ceil_div(last, bw);
  }
};

/// Any plan at all: orders, residences, edges, memory-bound and compute-bound, up to `most_steps` steps.
inline Case random_case(Random& random, std::int64_t most_steps = 700) {
  Case c;
  c.plan.problem.pass = kAllPasses[random.between(0, 2)];
  std::array<std::int64_t, kLoopCount> missing{};
  std::int64_t steps = 1;
  for (std::size_t l = 0; l < kLoopCount; ++l) {
    c.plan.tile.extent[l] = random.between(1, 3);
    c.plan.trips[l] =
        random.between(0, 2) == 0 ? 1 : std::min(random.between(1, random.between(2, 40)), most_steps / steps);
    steps *= c.plan.trips[l];
    missing[l] = random.between(0, 1) == 0 ? 0 : random.between(0, c.plan.tile.extent[l] - 1);
  }
  for (std::size_t l = kLoopCount; l-- > 1;)
    std::swap(c.plan.order[l], c.plan.order[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(l)))]);
  c.set_extents(missing);
  c.array.cycles_per_element = random.between(1, 20);
  c.array.fill = random.between(0, 1) * random.between(0, 9);
  c.array.drain = random.between(0, 1) * random.between(0, 9);
  if (random.between(0, 1) == 0) c.array.overhead = {random.between(0, 9), random.between(0, 5)};
  for (bool& continued : c.array.continued) continued = random.between(0, 1) == 0;
  c.array.full_tiles = random.between(0, 1) == 0;
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    c.plan.resident_loops[t] = static_cast<int>(random.between(0, 5));
    c.plan.block_bits[t] = random.between(1, std::int64_t{1} << random.between(3, 14));
  }
  c.memory.dram_bits_per_cycle = random.between(1, std::int64_t{1} << random.between(2, 9));
  c.memory.dram_latency = random.between(0, 1) * random.between(0, 40);
  c.memory.dma_burst_bits = random.between(1, 3000);
  c.memory.double_buffered = random.between(0, 4) != 0;
  c.memory.outputs_always_read = random.between(0, 1) == 0;
  c.complete();
  return c;
}

}  // namespace plans
}  // namespace ldpsim::test
