// SPDX-License-Identifier: Apache-2.0
// What Bit Fusion makes of precisions, on its three released configurations.
#include <gtest/gtest.h>

#include "tests/support/random_problem.hpp"
#include "tests/support/stall_free.hpp"

namespace ldpsim {
namespace {

struct Released {
  const char* name;
  std::int64_t rows, columns;
};
constexpr std::array<Released, 3> kReleased{
    {{"bitfusion", 16, 32}, {"bitfusion-stripes", 16, 32}, {"bitfusion-small", 8, 8}}};

/// 1 to 8 bits fuse to floor(8/bits) multipliers along that operand, 1 bit like 2; 9 to 16 bits take two steps.
std::int64_t multipliers(int bits) { return bits > 8 ? 1 : 8 / std::max(bits, 2); }
std::int64_t steps(int bits) { return bits > 8 ? 2 : 1; }

/// A convolution that no array of the above fills evenly.
Problem conv() {
  return lower(Layer{.name = "c",
                     .in_channels = 600,
                     .out_channels = 70,
                     .in_height = 6,
                     .in_width = 6,
                     .kernel_height = 3,
                     .kernel_width = 3},
               Pass::kForward, 2)
      .front();
}

TEST(BitFusionPrecisions, EveryPairTakesTheCyclesOfItsFusion) {
  const Problem p = conv();
  for (const Released& released : kReleased) {
    const test::LoadedMachine machine =
        test::machine_without_stalls(released.name, {{"array.fill_drain", "none"}, {"rescale", "free"}});
    for (int a = 1; a <= 16; ++a)
      for (int w = 1; w <= 16; ++w) {
        const std::int64_t lanes = released.rows * multipliers(a) * multipliers(w);
        const Cycles expected =
            2 * 16 * 9 * ceil_div(70, released.columns) * ceil_div(600, lanes) * steps(a) * steps(w);
        ASSERT_EQ(test::stall_free_cycles(machine, p, {a, w}), expected) << released.name << ' ' << a << " x " << w;
      }
  }
}

TEST(BitFusionPrecisions, SixteenBitsTakeTwoOrFourSteps) {
  const test::LoadedMachine machine = test::machine_without_stalls("bitfusion", {{"array.fill_drain", "none"}});
  const Cycles eight = test::stall_free_cycles(machine, conv(), {8, 8});
  EXPECT_EQ(test::stall_free_cycles(machine, conv(), {8, 16}), 2 * eight);
  EXPECT_EQ(test::stall_free_cycles(machine, conv(), {16, 8}), 2 * eight);
  EXPECT_EQ(test::stall_free_cycles(machine, conv(), {9, 8}), 2 * eight);
  EXPECT_EQ(test::stall_free_cycles(machine, conv(), {16, 16}), 4 * eight);
}

TEST(BitFusionPrecisions, OddBitsRunAsTheNextPowerOfTwoAndAreStoredAsTheyAre) {
  const test::LoadedMachine machine("bitfusion");
  const auto same_cycles = [&](PassBits narrow, PassBits wide) {
    return machine.array->tile_cycles(conv(), narrow, loop_extents(conv())) ==
           machine.array->tile_cycles(conv(), wide, loop_extents(conv()));
  };
  EXPECT_TRUE(same_cycles({3, 8}, {4, 8}));
  EXPECT_TRUE(same_cycles({8, 3}, {8, 4}));
  EXPECT_TRUE(same_cycles({5, 7}, {8, 8}));
  EXPECT_TRUE(same_cycles({1, 1}, {2, 2}));
  EXPECT_FALSE(same_cycles({2, 2}, {3, 2}));
  const auto bits = [&](PassBits precision) {
    return machine.array->tile_bits(conv(), precision, loop_extents(conv()));
  };
  for (const std::size_t tensor : {std::size_t{0}, std::size_t{1}}) {
    // the reduction of the stationary operand is padded to the lanes, which are those of the wider operands
    EXPECT_EQ(2 * bits({1, 1})[tensor], bits({2, 2})[tensor]);
    EXPECT_EQ(4 * bits({3, 3})[tensor], 3 * bits({4, 4})[tensor]);
  }
}

}  // namespace
}  // namespace ldpsim
