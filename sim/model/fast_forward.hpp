// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/model/accelerator.hpp"
#include "sim/model/walk.hpp"

namespace ldpsim {

/// Everything that decides what the machine does next, at the moment before a step starts, and the counters so far.
/// Free of SystemC.
struct MachineState {
  struct Pad {
    std::int64_t arrived = 0, retired = 0, freed = 0;
    std::array<std::int64_t, 2> left{};  ///< bits not asked for yet of the block to be read, to be written
  };
  std::array<Pad, kTensorCount> pads;
  bool dma_busy = false, dma_write = false;
  Tensor dma_tensor = Tensor::kStationary;
  std::int64_t dma_bits = 0;  ///< of the transfer under way
  Cycles dma_cycles = 0;      ///< until it ends; if idle: 0 if the last one ended just now, else 1
  bool empty = false;         ///< the array has not worked yet
  CycleStack stack;
  std::int64_t read_bits = 0, write_bits = 0;  ///< DRAM traffic so far
};

/// Finds steady states. Whenever an iteration of a loop level begins, the state of the machine relative to that
/// iteration is compared with those at earlier iterations of the same loop. If it recurs, everything until the loop's
/// last iteration recurs too, and is skipped in one jump. The last iteration is always simulated (its tiles may be cut,
/// and the DMA looks beyond it).
///
/// Why that is exact. Relative to the iteration, a state holds all that the modules decide upon: blocks there and owed,
/// the transfer under way with its remaining time, and whether the array has worked before. Blocks longer than the loop
/// stay the same block throughout; for them the bits not yet asked for may shrink from iteration to iteration, since
/// nothing depends on how many are left as long as every burst is a whole one: the jump ends while a whole burst is
/// still left. Their deadlines lie behind those of all blocks inside the loop.
class FastForward {
 public:
  void configure(const Walk& walk, std::int64_t burst_bits);

  struct Jump {
    int level = -1;  ///< the loop that is advanced, -1 = none
    std::int64_t iterations = 0;
  };
  /// To be called before the first step of an iteration of `level` (indices further in are 0). Changes `state` by the
  /// jump that it returns.
  Jump at_iteration(int level, std::int64_t index, MachineState& state);

 private:
  static constexpr std::size_t kSignatureSize = 5 * kTensorCount + 6;
  using Signature = std::array<std::int64_t, kSignatureSize>;
  struct Entry {
    Signature signature;
    std::int64_t index = 0;
    MachineState state;
  };
  struct History {
    std::vector<std::uint64_t> hashes;  ///< of the entries, apart from them so that a search stays in few cache lines
    std::vector<Entry> entries;
    std::size_t count = 0;
  };

  bool stays(int level, Tensor tensor) const { return walk_->span(tensor) > walk_->iteration_steps(level); }
  Signature signature_of(int level, const MachineState& state) const;
  const Entry* find(int level, std::uint64_t hash, const Signature& signature) const;
  void remember(int level, std::int64_t index, std::uint64_t hash, const Signature& signature,
                const MachineState& state);
  /// Number of whole periods between `then` and `now` that may be repeated.
  std::int64_t repetitions(int level, std::int64_t index, const Entry& then, const MachineState& now) const;
  static void repeat(std::int64_t times, const MachineState& then, MachineState& now);

  static constexpr std::size_t kRemembered = 128;  ///< periods up to this many iterations are found
  const Walk* walk_ = nullptr;
  std::int64_t burst_bits_ = 1;
  std::array<History, kLoopCount> histories_;
};

}  // namespace ldpsim
