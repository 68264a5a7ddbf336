// SPDX-License-Identifier: Apache-2.0
// Why sums that are split (accumulator.overflow) cost serial arrays no cycles: a step takes at least as many cycles as
// its lanes can make an accumulator of 32 bits drain.
#include <gtest/gtest.h>

#include "sim/datapath/functional.hpp"
#include "tests/support/loaded_machine.hpp"

namespace ldpsim {
namespace {

TEST(AccumulatorDrains, AreHiddenBehindTheStepsOfSerialArrays) {
  const Problem step = lower(Layer{.name = "a step", .in_channels = 16, .out_channels = 1}, Pass::kForward, 1).front();
  bool drains_within_a_step = false;
  for (const char* name : {"stripes", "loom"}) {
    const test::LoadedMachine machine(name);
    for (int moving = 1; moving <= 16; ++moving)
      for (int stationary = 1; stationary <= 16; ++stationary)
        for (const auto& [moving_signed, stationary_signed] :
             {std::pair{false, false}, {false, true}, {true, false}, {true, true}}) {
          const PassBits bits{moving, stationary, moving_signed, stationary_signed};
          const std::int64_t fit = products_that_fit({.bits = 32}, bits), drains = (16 + fit - 1) / fit;
          ASSERT_LE(drains, machine.array->closed_form_cycles(step, bits))
              << name << ' ' << moving << 'x' << stationary;
          drains_within_a_step = drains_within_a_step || drains > 1;
        }
  }
  EXPECT_TRUE(drains_within_a_step);  // the bound is not met for want of drains
}

}  // namespace
}  // namespace ldpsim
