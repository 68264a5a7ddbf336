// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sim/mapping/tile_plan.hpp"

namespace ldpsim {

/// Sets of loops as bits, indexed by Loop.
using LoopSet = unsigned;
constexpr LoopSet loop_bit(Loop loop) { return 1u << static_cast<unsigned>(loop); }
inline LoopSet dependencies(Pass pass, Tensor tensor) {
  LoopSet set = 0;
  for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
    if (depends_on(pass, tensor, static_cast<Loop>(loop))) set |= 1u << loop;
  }
  return set;
}

using PerTensor = std::array<std::int64_t, kTensorCount>;
using Trips = std::array<std::int64_t, kLoopCount>;
constexpr std::size_t kStationaryIndex = static_cast<std::size_t>(Tensor::kStationary);
constexpr std::size_t kMovingIndex = static_cast<std::size_t>(Tensor::kMoving);
constexpr std::size_t kOutputIndex = static_cast<std::size_t>(Tensor::kOutput);

/// How one tensor moves under one order of the loops, as far as they have been walked from the innermost outwards.
struct TensorTraffic {
  std::int64_t block_bits = 0;
  std::int64_t transfers = 1;  ///< blocks moved
  std::int64_t revisits = 1;   ///< how often each block comes back: trips of outer loops the tensor does not depend on
  bool moves = false;          ///< the block no longer grows: loops further out move it

  /// Walks the next loop outwards. A block grows with every loop the tensor depends on while it still fits `capacity`;
  /// from the first that does not, every loop moves blocks again, whether or not the tensor depends on it (Bit
  /// Fusion's released model).
  void walk(bool depends, std::int64_t trips, std::int64_t capacity) {
    moves = moves || (depends && block_bits * trips > capacity);
    if (!moves) {
      block_bits *= depends ? trips : 1;
    } else {
      transfers *= trips;
      revisits *= depends ? 1 : trips;
    }
  }
};

/// DRAM traffic of one group and the cycles it takes at best.
struct DramTraffic {
  std::int64_t stationary = 0, moving = 0, output_read = 0, output_write = 0;  ///< bits
  std::int64_t first = 0, last = 0;  ///< bits that nothing can overlap: the first blocks, the last output block
  std::int64_t total() const { return stationary + moving + output_read + output_write; }
};

inline DramTraffic dram_traffic(const TensorTraffic& stationary, const TensorTraffic& moving,
                                const TensorTraffic& output, bool always_read) {
  DramTraffic d;
  d.stationary = stationary.block_bits * stationary.transfers;
  d.moving = moving.block_bits * moving.transfers;
  d.output_write = output.block_bits * output.transfers;
  d.output_read = always_read ? d.output_write : d.output_write - d.output_write / output.revisits;
  d.first = stationary.block_bits + moving.block_bits + (always_read ? output.block_bits : 0);
  d.last = output.block_bits;
  return d;
}

inline Cycles bound_of(Cycles busy, const DramTraffic& d, std::int64_t bits_per_cycle) {
  return std::max(busy, ceil_div(d.total() - d.first - d.last, bits_per_cycle)) + ceil_div(d.first, bits_per_cycle) +
         ceil_div(d.last, bits_per_cycle);
}

/// Cycles of the transfers if each takes whole ones. Small blocks take more than the traffic as a whole, which is what
/// the bound counts.
inline Cycles transfer_cycles(const std::array<TensorTraffic, kTensorCount>& tensors, const DramTraffic& d,
                              std::int64_t bits_per_cycle) {
  Cycles cycles = 0;
  for (const TensorTraffic& tensor : tensors) cycles += tensor.transfers * ceil_div(tensor.block_bits, bits_per_cycle);
  const std::int64_t output = tensors[kOutputIndex].block_bits;
  return cycles + d.output_read / output * ceil_div(output, bits_per_cycle);
}

/// What a tile costs whatever the order of the loops.
struct TileCosts {
  Cycles compute = 0;
  Cycles fill_drain = 0;  ///< if every tile is charged
  Cycles buffer_stall = 0;
  BufferAccesses accesses;
};
/// Sums over all tiles of one group, those at the edges cut unless the array charges full ones.
TileCosts tile_costs(const PeArray& array, const Problem& problem, PassBits bits, const TileShape& tile,
                     const Trips& trips);

/// Counts of one group: array, buffers and DRAM, without PeArray::overhead_actions.
ActionCounts walk_counts(const PeArray& array, const TileCosts& costs, const DramTraffic& dram);

}  // namespace ldpsim
