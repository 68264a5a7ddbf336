// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/loaded_machine.hpp"
#include "tests/support/random_problem.hpp"
#include "tests/support/tiles.hpp"

namespace ldpsim {
namespace {

/// The published formulas, written down a second time: 256 filters x 16 windows x 16 lanes, steps of as many cycles as
/// the serial operand has bits.
Cycles formula(const Problem& p, std::int64_t serial_bits, bool one_channel_sums) {
  const auto up = [](std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); };
  const std::int64_t taps = p.kernel_height * p.kernel_width, windows = p.out_height * p.out_width;
  if (p.pass == Pass::kBackwardWeight)
    return up(p.filters, 256) * up(p.batch * windows, 16) * up(p.channels * taps, 16) * serial_bits;
  const std::int64_t steps =
      one_channel_sums && p.scale_per_channel ? p.channels * up(taps, 16) : taps * up(p.channels, 16);
  return p.batch * up(p.filters, 256) * up(windows, 16) * steps * serial_bits;
}

TEST(StripesFormula, ClosedFormAndTilesAgreeOnRandomProblems) {
  const test::LoadedMachine free("stripes", {{"rescale", "free"}}), grouped("stripes", {{"rescale", "per_group"}});
  Random random(1610);
  std::array<int, 3> passes{};
  int cut = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    const Problem problem = test::random_problem(random, 600, 24, 4);
    const PassBits bits = test::random_bits(random);
    const bool per_group = random.between(0, 1) != 0;
    const PeArray& array = per_group ? *grouped.array : *free.array;
    const std::int64_t serial =
        problem.pass == Pass::kBackwardWeight ? std::min(bits.moving, bits.stationary) : bits.moving;
    const Cycles expected = formula(problem, serial, per_group);
    ASSERT_EQ(array.closed_form_cycles(problem, bits), expected) << "trial " << trial;
    const TileShape tile = test::random_tile(random, array, problem, bits);
    ASSERT_EQ(test::tile_by_tile(array, problem, bits, tile), expected)
        << "trial " << trial << ' ' << name_of(problem.pass);
    ++passes[static_cast<std::size_t>(problem.pass)];
    cut += tile != loop_extents(problem);
  }
  for (const int count : passes) EXPECT_GT(count, 200);
  EXPECT_GT(cut, 500);  // the tiles really cut the problems
}

TEST(StripesFormula, TheSerialOperandIsTheOneThatTheMachineNames) {
  const Problem conv =
      lower(Layer{.name = "c", .in_channels = 32, .out_channels = 64, .in_height = 8, .in_width = 8}, Pass::kForward, 1)
          .front();
  const PassBits bits{.moving = 5, .stationary = 3};
  const auto cycles = [&](const std::string& operand) {
    return test::LoadedMachine("stripes", {{"array.serial_forward", operand}}).array->closed_form_cycles(conv, bits);
  };
  EXPECT_EQ(cycles("activation"), 4 * 2 * 5);
  EXPECT_EQ(cycles("weight"), 4 * 2 * 3);
  EXPECT_EQ(cycles("fewest_bits"), 4 * 2 * 3);
}

TEST(StripesFormula, SpaceToDepthTouchesTheStridedFirstLayerAlone) {
  const test::LoadedMachine plain("stripes"), folded("stripes", {{"array.first_layer", "space_to_depth"}});
  const Layer alexnet{.name = "conv1",
                      .in_channels = 3,
                      .out_channels = 96,
                      .in_height = 227,
                      .in_width = 227,
                      .kernel_height = 11,
                      .kernel_width = 11,
                      .stride = 4};
  Problem problem = lower(alexnet, Pass::kForward, 1).front();
  const PassBits bits{.moving = 9, .stationary = 16};
  EXPECT_EQ(folded.array->closed_form_cycles(problem, bits), plain.array->closed_form_cycles(problem, bits));
  problem.first_layer = true;
  EXPECT_EQ(plain.array->closed_form_cycles(problem, bits), 190 * 121 * 9);
  EXPECT_EQ(folded.array->closed_form_cycles(problem, bits), 190 * 27 * 9);
}

TEST(StripesFormula, MoreBitsNeverTakeFewerCycles) {
  const test::LoadedMachine machine("stripes");
  Random random(7);
  for (int trial = 0; trial < 50; ++trial) {
    const Problem problem = test::random_problem(random, 64, 12, 4);
    Cycles last = 0;
    for (int bits = 1; bits <= 16; ++bits) {
      const Cycles cycles = machine.array->closed_form_cycles(problem, {.moving = bits, .stationary = bits});
      EXPECT_GT(cycles, last);
      last = cycles;
    }
  }
}

}  // namespace
}  // namespace ldpsim
