// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <systemc>

#include "sim/model/dma.hpp"
#include "sim/model/fast_forward.hpp"
#include "sim/model/pe_array_module.hpp"

namespace ldpsim {

/// Walks the five nested loops of a plan: starts the array when the blocks that a step needs are there, hands back what
/// it leaves, lets the DMA go on, and charges every cycle to one cause. Wakes only when a tile or a transfer ends.
///
/// A waiting cycle is charged to the first thing that is missing: stationary block (weight_load), moving block
/// (dram_stall), half of the output buffer (buffer_stall), partial sums (dram_stall). The same holds for the initial
/// loads; the final write is dram_stall.
class Sequencer final : public sc_core::sc_module {
 public:
  SC_HAS_PROCESS(Sequencer);
  struct Timing {
    Cycles fill = 0, drain = 0;
    ValueTiming* values = nullptr;  ///< null: tiles take the cycles of the walk
    std::int64_t group = 0;         ///< the group walked
  };
  Sequencer(const sc_core::sc_module_name& name, std::array<Scratchpad*, kTensorCount> pads, Dma& dma,
            PeArrayModule& array);
  void configure(const Walk& walk, Timing timing, bool fast_forward);
  /// Makes the run begin in the next delta cycle.
  void start();

  /// After the run; rethrows what stopped it early.
  void finish();
  const CycleStack& stack() const { return stack_; }
  /// What the values made more or less of the plan's counts, array cycles apart.
  const ActionCounts& difference() const { return difference_; }

 private:
  void tick();
  void act(Cycles now);
  void leave_step();
  void try_start(Cycles now);
  TileCost step_cost() const;
  Cause missing() const;
  bool ready() const;
  void skip_repetitions(Cycles now);
  MachineState state_at(Cycles now) const;
  void adopt(const MachineState& state);

  std::array<Scratchpad*, kTensorCount> pads_;
  Dma& dma_;
  PeArrayModule& array_;
  const Walk* walk_ = nullptr;
  Timing timing_;
  bool fast_forward_ = true;
  FastForward repetitions_;
  std::array<std::int64_t, kLoopCount> index_{};
  std::int64_t step_ = 0;
  int advanced_level_ = 0;    ///< outermost loop that advanced before the next step
  bool empty_ = true;         ///< the array has not worked yet
  Cycles charged_until_ = 0;  ///< kernel cycle up to which every cycle has its cause
  CycleStack stack_;
  ActionCounts difference_;
  Cycles skipped_ = 0, started_at_ = 0;
  std::exception_ptr failure_;
  sc_core::sc_event start_;
};

}  // namespace ldpsim
