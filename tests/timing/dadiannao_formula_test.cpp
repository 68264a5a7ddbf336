// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/random_problem.hpp"
#include "tests/support/stall_free.hpp"
#include "tests/support/tiles.hpp"

namespace ldpsim {
namespace {

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); }

/// The published formula, written down a second time: 256 filters x 16 channels of one tap and one window a cycle.
Cycles formula(const Problem& p, bool one_channel_sums) {
  const std::int64_t taps = p.kernel_height * p.kernel_width, windows = p.batch * p.out_height * p.out_width;
  std::int64_t bricks = taps * up(p.channels, 16);
  if (p.pass == Pass::kBackwardWeight) bricks = up(p.channels * taps, 16);
  if (one_channel_sums && p.scale_per_channel) bricks = p.channels * up(taps, 16);
  return up(p.filters, 256) * windows * bricks;
}

TEST(DaDianNaoFormula, ClosedFormAndTilesAgreeOnRandomProblems) {
  const test::LoadedMachine free("dadiannao", {{"rescale", "free"}}), grouped("dadiannao");
  Random random(2014);
  std::array<int, 3> passes{};
  for (int trial = 0; trial < 900; ++trial) {
    const Problem problem = test::random_problem(random, 600, 24, 4);
    const PassBits bits = test::random_bits(random);
    const bool per_group = random.between(0, 1) != 0;
    const PeArray& array = per_group ? *grouped.array : *free.array;
    const Cycles expected = formula(problem, per_group);
    ASSERT_EQ(array.closed_form_cycles(problem, bits), expected) << "trial " << trial;
    const TileShape tile = test::random_tile(random, array, problem, bits);
    ASSERT_EQ(test::tile_by_tile(array, problem, bits, tile), expected) << "trial " << trial;
    ++passes[static_cast<std::size_t>(problem.pass)];
  }
  for (const int count : passes) EXPECT_GT(count, 200);
}

TEST(DaDianNaoFormula, SimulatedWithoutStallsItIsExact) {
  const test::LoadedMachine machine = test::machine_without_stalls("dadiannao", {{"rescale", "free"}});
  Random random(606);
  for (int trial = 0; trial < 400; ++trial) {
    const Problem problem = test::random_problem(random, 300, 16, 3);
    const PassBits bits = test::random_bits(random);
    ASSERT_EQ(test::stall_free_cycles(machine, problem, bits), formula(problem, false)) << "trial " << trial;
    ASSERT_EQ(machine.map(problem, bits).compute_cycles, formula(problem, false)) << "trial " << trial;
  }
}

TEST(DaDianNaoFormula, PrecisionChangesNothingButMemoryOfPackedOperands) {
  const Problem conv = lower(Layer{.name = "c", .in_channels = 32, .out_channels = 300, .in_height = 8, .in_width = 8},
                             Pass::kForward, 2)
                           .front();
  const test::LoadedMachine words("dadiannao"), packed("dadiannao", {{"array.operand_storage", "packed"}});
  const TilePlan wide = words.map(conv, {.moving = 16, .stationary = 16}),
                 narrow = words.map(conv, {.moving = 2, .stationary = 3}),
                 small = packed.map(conv, {.moving = 2, .stationary = 3});
  EXPECT_EQ(wide.compute_cycles, 2 * 2 * 64 * 2);
  EXPECT_EQ(narrow.compute_cycles, wide.compute_cycles);
  EXPECT_EQ(small.compute_cycles, wide.compute_cycles);
  EXPECT_EQ(narrow.counts[Action::kDramRead], wide.counts[Action::kDramRead]);
  EXPECT_EQ(narrow.counts[Action::kDramRead], 16 * (32 * 300 + 2 * 32 * 64));
  EXPECT_EQ(small.counts[Action::kDramRead], 3 * 32 * 300 + 2 * 2 * 32 * 64);
}

}  // namespace
}  // namespace ldpsim
