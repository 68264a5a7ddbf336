// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "sim/mapping/tile_plan.hpp"

namespace ldpsim {

/// Why a cycle passed; exactly one cause a cycle, so the stack adds up to the total.
enum class Cause : std::size_t { kCompute, kFillDrain, kWeightLoad, kDramStall, kBufferStall, kImbalance, kIdle };
inline constexpr std::size_t kCauseCount = 7;
/// "compute", "fill_drain", "weight_load", "dram_stall", "buffer_stall", "imbalance", "idle": the column is
/// <name>_cycles.
const char* name_of(Cause cause);
const char* doc_of(Cause cause);

template <class Count>
struct CycleStackOf {
  std::array<Count, kCauseCount> cycles{};
  Count& operator[](Cause c) { return cycles[static_cast<std::size_t>(c)]; }
  Count operator[](Cause c) const { return cycles[static_cast<std::size_t>(c)]; }
  Count total() const {
    Count sum = 0;
    for (const Count part : cycles) sum += part;
    return sum;
  }
  template <class Other>
  requires(sizeof(Other) <= sizeof(Count)) CycleStackOf& operator+=(const CycleStackOf<Other>& other) {
    for (std::size_t i = 0; i < kCauseCount; ++i) cycles[i] += other.cycles[i];
    return *this;
  }
  CycleStackOf& operator*=(std::int64_t factor) {
    for (Count& part : cycles) part *= factor;
    return *this;
  }
  bool operator==(const CycleStackOf&) const = default;
};
using CycleStack = CycleStackOf<Cycles>;      ///< of one pass, or of a part of it
using CycleStackTotal = CycleStackOf<Total>;  ///< of any number of passes

/// Outcome of one simulated problem (all groups).
struct ModelResult {
  CycleStack stack;
  Cycles bound_cycles = 0;
  ActionCounts counts;
  ModelResult& operator+=(const ModelResult& other) {
    stack += other.stack;
    bound_cycles += other.bound_cycles;
    counts += other.counts;
    return *this;
  }
};

class MemoryTarget;  // sim/model/memory_target.hpp
class Walk;          // sim/model/walk.hpp

/// The clocked machine: sequencer, DMA, double-buffered scratchpads, PE array, DRAM behind a TLM-2.0 socket. SystemC
/// elaborates once per process: make one Accelerator and run any number of plans, of any machine, one after the other.
class Accelerator {
 public:
  using MemoryMaker = std::function<std::unique_ptr<MemoryTarget>()>;
  /// With the built-in DRAM, or with another memory behind the DMA's socket.
  Accelerator();
  explicit Accelerator(const MemoryMaker& make_memory);
  ~Accelerator();
  struct Options {
    bool fast_forward = true;  ///< skip repetitions of a steady state; exact, off only to prove that
    /// What the values make of each tile; null: every tile takes the cycles of its plan. Without
    /// equal_for_equal_shapes() every tile of every group is simulated.
    ValueTiming* values = nullptr;
  };
  /// Runs one plan. Timing is that of one group (or of those side by side), times their number, unless values make a
  /// difference between groups; cycles lost to imbalance are charged to that cause, and bound_cycles are those of the
  /// cycles that the tiles took. `task`, if any, computes the values tile by tile as the array walks, group after
  /// group, and is finished at the end. Throws what the task throws, and InternalError if cycles or traffic of the walk
  /// are not those of its plan.
  ModelResult run(const PeArray& array, const MemorySpec& memory, const TilePlan& plan, FunctionalTask* task,
                  const Options& options);
  ModelResult run(const PeArray& array, const MemorySpec& memory, const TilePlan& plan) {
    return run(array, memory, plan, nullptr, Options{});
  }

 private:
  struct Modules;
  /// All sets of groups side by side from `first` on that are whole ones.
  ModelResult run_sets(const PeArray& array, const MemorySpec& memory, const TilePlan& plan, std::int64_t first,
                       FunctionalTask* task, const Options& options);
  ModelResult run_group(const PeArray& array, const MemorySpec& memory, const TilePlan& plan, const Walk& walk,
                        std::int64_t group, FunctionalTask* task, const Options& options);
  std::unique_ptr<Modules> modules_;
};

}  // namespace ldpsim
