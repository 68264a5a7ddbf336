// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/machine.hpp"
#include "tests/support/random_plan.hpp"

namespace ldpsim {
namespace {

using test::Case;

/// Four filters, one a step, 10 bits a cycle; of each tensor every block is one step long unless a test says otherwise.
Case four_steps(Cycles tile_cycles, std::array<std::int64_t, kTensorCount> block_bits) {
  Case c;
  c.plan.trips[static_cast<std::size_t>(Loop::kFilters)] = 4;
  c.plan.order = {Loop::kBatch, Loop::kY, Loop::kX, Loop::kChannels, Loop::kFilters};
  c.plan.block_bits = block_bits;
  c.array.cycles_per_element = tile_cycles;
  c.memory.dram_bits_per_cycle = 10;
  c.set_extents({});
  return c;
}

CycleStack stack_of(Case c) {
  c.complete();
  return test::machine().run(c.array, c.memory, c.plan).stack;
}

CycleStack stack(Cycles compute, Cycles fill_drain, Cycles weight_load, Cycles dram_stall, Cycles buffer_stall) {
  return {{compute, fill_drain, weight_load, dram_stall, buffer_stall, 0, 0}};
}

TEST(HandComputed, OneStep) {
  Case c = four_steps(7, {100, 50, 30});
  c.plan.trips = {1, 1, 1, 1, 1};
  c.set_extents({});
  c.array.fill = 2;
  c.array.drain = 3;
  // weights 10, activations 5, fill 2, work 7, drain 3, results 3
  EXPECT_EQ(stack_of(c), stack(7, 5, 10, 5 + 3, 0));
}

TEST(HandComputed, LatencyIsPaidAfterAGapAndHiddenWithoutOne) {
  Case c = four_steps(7, {100, 50, 30});
  c.plan.trips = {1, 1, 1, 1, 1};
  c.set_extents({});
  c.memory.dram_latency = 4;
  // 4 + 10, then 5 right behind, then 4 + 3 when the array is done
  EXPECT_EQ(stack_of(c), stack(7, 0, 14, 5 + 7, 0));
}

TEST(HandComputed, EverythingHiddenBehindTheWork) {
  // a step takes 8 and moves 20 + 30 + 10 bits = 6 cycles
  EXPECT_EQ(stack_of(four_steps(8, {20, 30, 10})), stack(32, 0, 2, 3 + 1, 0));
}

TEST(HandComputed, MemoryBound) {
  //  0-5  weights 0, activations 0
  //  5-7  work 0 | weights 1 come
  //  7-10 activations 1 come, asked for before results 0, which are due only when step 2 needs their half
  // 10-12 work 1 | weights 2 come; 12-15 activations 2 come; 15-16 results 0 go, all three due at step 2
  // 16-18 work 2 | weights 3 come; 18-21 activations 3 come; 21-22 results 1 go
  // 22-24 work 3 | results 2 go 22-23; 24-25 results 3 go
  EXPECT_EQ(stack_of(four_steps(2, {20, 30, 10})), stack(8, 0, 2, 3 + 3 + 3 + 3 + 1, 2));
}

TEST(HandComputed, FillAtTheStartAlone) {
  Case c = four_steps(2, {20, 30, 10});
  c.array.fill = 1;
  // as above, but work 0 begins at 6, so that the array waits 2 instead of 3 for activations 1; stalls hold the
  // pipeline up and do not empty it
  EXPECT_EQ(stack_of(c), stack(8, 1, 2, 3 + 2 + 3 + 3 + 1, 2));
}

TEST(HandComputed, SlowWriteBackHoldsTheOutputBuffer) {
  // operands of 1 cycle each, results of 20: steps 2 and 3 wait for the half that steps 0 and 1 wrote
  //  0-2 loads; 2-5 work 0 (weights, activations 1 at 2-4); 5-8 work 1 (weights, activations 2 at 5-7; results 0 go
  //  7-27) 8-27 waits; 27-30 work 2 (operands 3 at 27-29, results 1 go 29-49); 30-49 waits; 49-52 work 3 (results 2 go
  //  49-69), results 3 69-89
  EXPECT_EQ(stack_of(four_steps(3, {10, 10, 200})), stack(12, 0, 1, 1 + 37, 19 + 19));
}

TEST(HandComputed, WithoutDoubleBufferingNothingOverlaps) {
  Case c = four_steps(8, {20, 30, 10});
  c.memory.double_buffered = false;
  // every step: weights 2, activations 3, work 8; results of 1 go after the operands of the next step have come
  EXPECT_EQ(stack_of(c), stack(32, 0, 8, 12 + 1, 3));
}

TEST(HandComputed, UrgentRequestOvertakesABackgroundBlock) {
  // the next weights (400 bits) are due in four steps; each step needs new activations of 20 bits and takes 10 cycles
  Case c = four_steps(10, {400, 20, 10});
  c.plan.trips[static_cast<std::size_t>(Loop::kBatch)] = 2;
  c.plan.resident_loops = {1, 0, 5};
  c.memory.dma_burst_bits = 30;
  c.set_extents({});
  // loads 40 + 2; of 10 cycles a step 2 fetch activations and 8 weights: 32 of 40 cycles in four steps, bursts of 3 may
  // be under way when a step ends but the activations are there before the step that needs them
  //  step 0 42-52: act 42-44, bursts 44-53; step 1 52-62: act 53-55, bursts 55-64; step 2 62-72: act 64-66, bursts
  //  66-72 (24 of 40 gone) step 3 72-82: 16 left, now needed at once like act 4: weights first, 72-88, act 88-90; step
  //  4 starts at 90
  EXPECT_EQ(stack_of(c), stack(80, 0, 40 + 6, 2 + 2 + 1, 0));
}

TEST(HandComputed, PartialSumsComeBackOnTheSecondVisit) {
  // two channel tiles outside two filter tiles: blocks 0, 1 are new, blocks 2, 3 are read back
  Case c = four_steps(50, {10, 10, 100});
  c.plan.trips = {1, 1, 1, 2, 2};
  c.set_extents({});
  c.complete();
  EXPECT_EQ(c.plan.output_block_reads, 2);
  // all hidden behind steps of 50 (2 operands, 10 to write, 10 to read), but the loads and the last 10
  EXPECT_EQ(stack_of(c), stack(200, 0, 1, 1 + 10, 0));
  c.memory.outputs_always_read = true;
  EXPECT_EQ(stack_of(c), stack(200, 0, 1, 1 + 10 + 10, 0));
}

}  // namespace
}  // namespace ldpsim
