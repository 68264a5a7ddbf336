// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// How one group of a problem is cut into tiles and in which order they run, with the exact traffic that follows.
///
/// Walk: the five loops nest in `order`, outermost first, each `trips` long; a step is one tile. Of each tensor a
/// *block* is resident in half of its (double-buffered) buffer: the tiles of the innermost `resident_loops` loops of
/// `order`. Whenever a loop outside that advances, the next block is transferred (moving, stationary: read; output: the
/// old one written, the new one read if `output_reads`).
struct TilePlan {
  Problem problem;
  PassBits bits;
  TileShape tile;
  std::array<std::int64_t, kLoopCount> trips{1, 1, 1, 1, 1};  ///< indexed by Loop
  std::array<Loop, kLoopCount> order{Loop::kBatch, Loop::kY, Loop::kX, Loop::kFilters, Loop::kChannels};
  std::array<int, kTensorCount> resident_loops{};       ///< 0..5, indexed by Tensor
  std::array<std::int64_t, kTensorCount> block_bits{};  ///< bits of one resident block
  std::array<std::int64_t, kTensorCount>
      block_transfers{};                ///< number of blocks read (stationary, moving) or written (output)
  std::int64_t output_block_reads = 0;  ///< number of output blocks read back (all, or the revisited ones)

  Cycles compute_cycles = 0;       ///< sum over the tiles
  Cycles fill_drain_cycles = 0;    ///< of the tiles (PeArray::tile_overhead), without those of a group
  Cycles buffer_stall_cycles = 0;  ///< of the tiles
  /// Of one group, with `busy` the three above: busy + what ideal overlap cannot hide: max(0, ceil((D - D_first -
  /// D_last)/bw) - busy) + ceil(D_first/bw) + ceil(D_last/bw), with D all DRAM bits, D_first the first blocks (of the
  /// output only if it is read), D_last the last output block (Bit Fusion's released model).
  Cycles bound_cycles = 0;
  ActionCounts counts;  ///< of one group: array cycles, buffers, DRAM, overheads

  std::int64_t steps() const { return trips[0] * trips[1] * trips[2] * trips[3] * trips[4]; }
  Cycles busy_cycles() const { return compute_cycles + fill_drain_cycles + buffer_stall_cycles; }
};

/// What of a machine the mapper and the model need of memory, read once out of an ArchSpec.
struct MemorySpec {
  std::array<std::int64_t, kTensorCount>
      buffer_bits{};            ///< capacity of weight, activation, output buffer, indexed by Tensor
  bool double_buffered = true;  ///< a block may take half of a buffer
  std::int64_t dram_bits_per_cycle = 1;
  Cycles dram_latency = 0;              ///< cycles from request to first data
  std::int64_t output_word_bits = 32;   ///< partial sums and outputs in DRAM and output buffer
  bool outputs_always_read = false;     ///< released Bit Fusion model: also the first partial sums are read
  std::int64_t dma_burst_bits = 16384;  ///< size of one background burst
  std::int64_t cycle_slack_ppm = 0;     ///< millionths of the least bound that a plan of less energy may take on top
  static MemorySpec of(const ArchSpec& arch);
  /// Bits that a block of a tensor may take.
  std::int64_t capacity(Tensor tensor) const {
    return buffer_bits[static_cast<std::size_t>(tensor)] / (double_buffered ? 2 : 1);
  }
  /// Cycles that a plan may take on top of the least bound, rounded down.
  Cycles cycle_slack(Cycles least_bound) const {
    return static_cast<Cycles>(static_cast<__int128>(least_bound) * cycle_slack_ppm / 1'000'000);
  }
};

/// TilePlan::bound_cycles if the work of a group's tiles took `compute` cycles instead of the planned ones.
Cycles bound_of(const TilePlan& plan, const MemorySpec& memory, Cycles compute);

/// The loops (by Loop) along which fill and drain are charged once: those of PeArray::continued_loops, and any of one
/// trip, from the innermost outwards.
std::array<bool, kLoopCount> continued_innermost(const std::array<bool, kLoopCount>& continued,
                                                 const std::array<std::int64_t, kLoopCount>& trips,
                                                 const std::array<Loop, kLoopCount>& order);

class EnergyTable;  // sim/energy/energy_table.hpp

/// The plan that one tile and one order of the loops make. Throws UserError if the tile does not fit the buffers.
TilePlan make_plan(const PeArray& array, const MemorySpec& memory, const Problem& problem, PassBits bits,
                   const TileShape& tile, const std::array<Loop, kLoopCount>& order);

/// The plan with the least energy of those whose bound_cycles are within MemorySpec::cycle_slack of the least there
/// are, over the tiles the array offers and all orders of the loops that keep a tile's continued loops innermost; of
/// equals the one with the least bound_cycles, then with the fewest cycles of DRAM if each transfer takes whole ones
/// and that is beyond the bound and its slack, then the one whose order comes first lexicographically (in the order of
/// Loop), then the one whose tile does. Throws UserError if not even the smallest tile fits the buffers, naming the
/// problem's shape, the tensor, bits needed and bits there.
TilePlan map_problem(const PeArray& array, const MemorySpec& memory, const EnergyTable& energy, const Problem& problem,
                     PassBits bits);

}  // namespace ldpsim
