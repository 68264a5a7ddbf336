// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "sim/core/error.hpp"
#include "sim/mapping/traffic.hpp"

namespace ldpsim {
namespace {

void add(BufferAccesses& sum, const BufferAccesses& part, std::int64_t times) {
  sum.stationary_read += times * part.stationary_read;
  sum.moving_read += times * part.moving_read;
  sum.output_read += times * part.output_read;
  sum.output_write += times * part.output_write;
  sum.register_write += times * part.register_write;
}

}  // namespace

TileCosts tile_costs(const PeArray& array, const Problem& problem, PassBits bits, const TileShape& tile,
                     const Trips& trips) {
  const TileShape extents = loop_extents(problem);
  TileCosts costs;
  std::array<std::int64_t, kLoopCount> last{};
  LoopSet cut = 0;  // loops whose last tile is smaller
  for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
    last[loop] = extents.extent[loop] - (trips[loop] - 1) * tile.extent[loop];
    if (last[loop] != tile.extent[loop] && !array.charges_full_tiles()) cut |= 1u << loop;
  }
  // every set of loops that stand at their last, smaller tile is one shape, so 2^5 shapes at most
  for (LoopSet edge = 0; edge <= cut; ++edge) {
    if ((edge & ~cut) != 0) continue;
    TileShape shape = tile;
    std::int64_t count = 1;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      if ((edge >> loop & 1u) != 0) {
        shape.extent[loop] = last[loop];
      } else {
        count *= (cut >> loop & 1u) != 0 ? trips[loop] - 1 : trips[loop];
      }
    }
    if (count == 0) continue;
    costs.compute += count * array.tile_cycles(problem, bits, shape);
    const TileOverhead overhead = array.tile_overhead(problem, bits, shape);
    costs.fill_drain += count * overhead.fill_drain;
    costs.buffer_stall += count * overhead.buffer_stall;
    add(costs.accesses, array.accesses(problem, bits, shape), count);
  }
  return costs;
}

ActionCounts walk_counts(const PeArray& array, const TileCosts& costs, const DramTraffic& dram) {
  ActionCounts counts;
  counts[Action::kArrayCycle] = costs.compute * array.pes();
  counts[Action::kWeightBufferRead] = costs.accesses.stationary_read;
  counts[Action::kWeightBufferWrite] = dram.stationary;
  counts[Action::kActivationBufferRead] = costs.accesses.moving_read;
  counts[Action::kActivationBufferWrite] = dram.moving;
  counts[Action::kOutputBufferRead] = costs.accesses.output_read + dram.output_write;
  counts[Action::kOutputBufferWrite] = costs.accesses.output_write + dram.output_read;
  counts[Action::kRegister] = costs.accesses.register_write;
  counts[Action::kDramRead] = dram.stationary + dram.moving + dram.output_read;
  counts[Action::kDramWrite] = dram.output_write;
  return counts;
}

Cycles bound_of(const TilePlan& plan, const MemorySpec& memory, Cycles compute) {
  DramTraffic dram;
  dram.moving = plan.counts[Action::kDramRead];  // how reads divide among the tensors does not matter here
  dram.output_write = plan.counts[Action::kDramWrite];
  dram.first = plan.block_bits[kStationaryIndex] + plan.block_bits[kMovingIndex] +
               (memory.outputs_always_read ? plan.block_bits[kOutputIndex] : 0);
  dram.last = plan.block_bits[kOutputIndex];
  return bound_of(plan.busy_cycles() - plan.compute_cycles + compute, dram, memory.dram_bits_per_cycle);
}

std::array<bool, kLoopCount> continued_innermost(const std::array<bool, kLoopCount>& continued, const Trips& trips,
                                                 const std::array<Loop, kLoopCount>& order) {
  std::array<bool, kLoopCount> innermost{};
  for (std::size_t level = kLoopCount; level-- > 0;) {
    const auto loop = static_cast<std::size_t>(order[level]);
    if (!continued[loop] && trips[loop] > 1) break;
    innermost[loop] = true;
  }
  return innermost;
}

TilePlan make_plan(const PeArray& array, const MemorySpec& memory, const Problem& problem, PassBits bits,
                   const TileShape& tile, const std::array<Loop, kLoopCount>& order) {
  TilePlan plan{.problem = problem, .bits = bits, .tile = tile, .trips = {}, .order = order, .counts = {}};
  const TileShape extents = loop_extents(problem);
  for (std::size_t loop = 0; loop < kLoopCount; ++loop)
    plan.trips[loop] = ceil_div(extents.extent[loop], tile.extent[loop]);
  const PerTensor tile_bits = array.tile_bits(problem, bits, tile);
  std::array<TensorTraffic, kTensorCount> traffic;
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    const Tensor tensor = static_cast<Tensor>(t);
    if (tile_bits[t] > memory.capacity(tensor)) {
      throw UserError(array.kind(), fmt::format("a tile of {} bits does not fit the {} bits of its buffer",
                                                tile_bits[t], memory.capacity(tensor)));
    }
    traffic[t].block_bits = tile_bits[t];
    for (std::size_t level = kLoopCount; level-- > 0;) {
      const Loop loop = order[level];
      traffic[t].walk(depends_on(problem.pass, tensor, loop), plan.trips[static_cast<std::size_t>(loop)],
                      memory.capacity(tensor));
      plan.resident_loops[t] += traffic[t].moves ? 0 : 1;
    }
    plan.block_bits[t] = traffic[t].block_bits;
    plan.block_transfers[t] = traffic[t].transfers;
  }
  const DramTraffic dram =
      dram_traffic(traffic[kStationaryIndex], traffic[kMovingIndex], traffic[kOutputIndex], memory.outputs_always_read);
  plan.output_block_reads = dram.output_read / plan.block_bits[kOutputIndex];
  const TileCosts costs = tile_costs(array, problem, bits, tile, plan.trips);
  plan.compute_cycles = costs.compute;
  plan.buffer_stall_cycles = costs.buffer_stall;
  plan.fill_drain_cycles = costs.fill_drain;
  const auto continued = continued_innermost(array.continued_loops(problem, bits, tile), plan.trips, order);
  for (std::size_t loop = 0; loop < kLoopCount; ++loop)
    plan.fill_drain_cycles /= continued[loop] ? plan.trips[loop] : 1;
  plan.bound_cycles = bound_of(plan.busy_cycles(), dram, memory.dram_bits_per_cycle);
  plan.counts = walk_counts(array, costs, dram);
  plan.counts += array.overhead_actions(problem, bits);
  return plan;
}

}  // namespace ldpsim
