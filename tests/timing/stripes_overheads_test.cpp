// SPDX-License-Identifier: Apache-2.0
// What may be added to Stripes' published formula: draining pallets, staggered columns, the dispatcher.
#include <gtest/gtest.h>

#include <set>

#include "tests/support/random_problem.hpp"
#include "tests/support/stall_free.hpp"

namespace ldpsim {
namespace {

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); }

std::int64_t pallets_of(const Problem& p, std::int64_t windows) {
  const std::int64_t outputs = p.out_height * p.out_width;
  return p.pass == Pass::kBackwardWeight ? up(p.batch * outputs, windows) : p.batch * up(outputs, windows);
}

TEST(StripesPalletDrain, IsPaidOncePerPalletAndSetOfFilters) {
  const test::LoadedMachine without = test::machine_without_stalls("stripes"),
                            with = test::machine_without_stalls("stripes", {{"array.pallet_drain_cycles", "15"}});
  Random random(15);
  for (int trial = 0; trial < 300; ++trial) {
    const Problem problem = test::random_problem(random, 600, 16, 3);
    const PassBits bits = test::random_bits(random);
    const Cycles drain = 15 * up(problem.filters, 256) * pallets_of(problem, 16);
    ASSERT_EQ(test::stall_free_cycles(without, problem, bits), without.array->closed_form_cycles(problem, bits));
    ASSERT_EQ(test::stall_free_cycles(with, problem, bits), with.array->closed_form_cycles(problem, bits) + drain)
        << "trial " << trial;
    const TilePlan plan = with.map(problem, bits);
    const CycleStack stack = test::machine().run(*with.array, with.memory, plan).stack;
    ASSERT_EQ(stack[Cause::kCompute], problem.groups * without.array->closed_form_cycles(problem, bits));
    ASSERT_EQ(stack[Cause::kFillDrain], problem.groups * plan.fill_drain_cycles);
    ASSERT_GE(plan.fill_drain_cycles, drain);  // more if the reduction is cut
  }
}

/// Column by column: a step goes to the next column in turn, a cycle after the one before at the earliest.
Cycles staggered(std::int64_t steps, Cycles bits, std::int64_t columns) {
  std::vector<Cycles> free(static_cast<std::size_t>(columns), 0);
  Cycles now = 0, end = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    Cycles& column = free[static_cast<std::size_t>(step % columns)];
    now = std::max(now, column);
    column = end = now + bits;
    ++now;
  }
  return end;
}

TEST(StripesStaggeredColumns, StartAStepEveryCycle) {
  const test::LoadedMachine machine =
      test::machine_without_stalls("stripes", {{"array.linear_columns", "staggered"}, {"rescale", "free"}});
  Random random(16);
  for (int trial = 0; trial < 300; ++trial) {
    const Layer layer{.name = "fc",
                      .kind = LayerKind::kLinear,
                      .in_channels = random.between(1, 700),
                      .out_channels = random.between(1, 700)};
    const Pass pass = random.between(0, 1) == 0 ? Pass::kForward : Pass::kBackwardData;
    const Problem problem = lower(layer, pass, random.between(1, 5)).front();
    const PassBits bits = test::random_bits(random);
    const std::int64_t steps = up(problem.filters, 256) * up(problem.channels, 16);  // of a sample
    ASSERT_EQ(test::stall_free_cycles(machine, problem, bits), problem.batch * staggered(steps, bits.moving, 16))
        << "trial " << trial;
    const CycleStack stack = test::machine().run(*machine.array, machine.memory, machine.map(problem, bits)).stack;
    ASSERT_EQ(stack[Cause::kCompute], problem.batch * steps);
    ASSERT_EQ(stack[Cause::kFillDrain], problem.batch * (bits.moving - 1));
  }
}

/// Fewer columns than bits: whole rounds of the columns, also where buffers cut the layer into tiles.
TEST(StripesStaggeredColumns, AreLimitedByTheirNumber) {
  Random random(17);
  int cut = 0;
  for (int trial = 0; trial < 100; ++trial) {
    const std::int64_t columns = std::int64_t{1} << random.between(0, 4);
    const test::LoadedMachine machine(
        "stripes", {{"array.windows", std::to_string(columns)}, {"buffers.weight_bytes", "4000000"}});
    const Layer layer{.name = "fc",
                      .kind = LayerKind::kLinear,
                      .in_channels = random.between(500, 3000),
                      .out_channels = random.between(500, 3000)};
    const Problem fc = lower(layer, Pass::kForward, random.between(1, 5)).front();
    const PassBits bits = test::random_bits(random);
    const TilePlan plan = machine.map(fc, bits);
    const std::int64_t steps = up(fc.filters, 256) * up(fc.channels, 16);
    const CycleStack stack = test::machine().run(*machine.array, machine.memory, plan).stack;
    ASSERT_EQ(stack[Cause::kCompute] + stack[Cause::kFillDrain], fc.batch * staggered(steps, bits.moving, columns))
        << "trial " << trial << " of " << columns << " columns";
    cut += plan.steps() > 1;
  }
  EXPECT_GT(cut, 50);
}

TEST(StripesStaggeredColumns, TouchNeitherConvolutionsNorBackwardWeight) {
  const test::LoadedMachine windows("stripes", {{"array.linear_columns", "windows"}}), staggered_columns("stripes");
  Random random(3);
  for (int trial = 0; trial < 100; ++trial) {
    const Problem problem = test::random_problem(random, 100, 8, 2);  // convolutions
    const PassBits bits = test::random_bits(random);
    ASSERT_EQ(staggered_columns.array->closed_form_cycles(problem, bits),
              windows.array->closed_form_cycles(problem, bits));
    ASSERT_EQ(staggered_columns.array->tile_overhead(problem, bits, loop_extents(problem)).fill_drain, 0);
  }
  const Layer layer{.name = "fc", .kind = LayerKind::kLinear, .in_channels = 64, .out_channels = 10};
  const Problem weights = lower(layer, Pass::kBackwardWeight, 8).front();
  EXPECT_EQ(staggered_columns.array->closed_form_cycles(weights, {5, 5}),
            windows.array->closed_form_cycles(weights, {5, 5}));
}

/// Every brick of every pallet looked up one by one; a row is named by its line of the picture and its place in it.
Cycles dispatcher_stall(const Problem& p, Cycles bits, std::int64_t windows, std::int64_t row_bricks) {
  Cycles stall = 0;
  const std::int64_t all = p.out_height * p.out_width;
  for (std::int64_t first = 0; first < all; first += windows)
    for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
      std::set<std::pair<std::int64_t, std::int64_t>> rows;
      for (std::int64_t w = first; w < std::min(first + windows, all); ++w) {
        const std::int64_t ix = p.input_x(w % p.out_width, kx);
        if (ix >= 0) rows.insert({w / p.out_width, ix / row_bricks});
      }
      stall += std::max<Cycles>(0, static_cast<Cycles>(rows.size()) - bits);
    }
  return stall * p.batch * up(p.filters, 256) * p.kernel_height * up(p.channels, 16);
}

TEST(StripesDispatcher, StallsForRowsThatTheBitsDoNotHide) {
  Random random(256);
  int stalled = 0;
  for (int trial = 0; trial < 300; ++trial) {
    const std::int64_t row_bricks = random.between(1, 20);
    const test::LoadedMachine machine =
        test::machine_without_stalls("stripes", {{"array.dispatcher", "rows"},
                                                 {"array.dispatcher_row_bricks", std::to_string(row_bricks)},
                                                 {"rescale", "free"}});
    const Problem problem = test::random_problem(random, 80, 40, 3);
    PassBits bits = test::random_bits(random);
    bits.moving = static_cast<int>(random.between(1, 6));
    const Cycles expected =
        problem.pass == Pass::kBackwardWeight ? 0 : dispatcher_stall(problem, bits.moving, 16, row_bricks);
    ASSERT_EQ(test::stall_free_cycles(machine, problem, bits),
              machine.array->closed_form_cycles(problem, bits) + expected)
        << "trial " << trial;
    // cut into tiles, which start at the beginning of a line, it is the same
    ASSERT_EQ(machine.map(problem, bits).buffer_stall_cycles, expected) << "trial " << trial;
    stalled += expected > 0;
  }
  EXPECT_GT(stalled, 80);
}

TEST(StripesDispatcher, HandComputed) {
  // 4 x 4 outputs: a pallet of 16 windows lies in 4 lines, of one row each
  const Layer layer{.name = "c",
                    .in_channels = 32,
                    .out_channels = 300,
                    .in_height = 4,
                    .in_width = 4,
                    .kernel_height = 3,
                    .kernel_width = 3,
                    .padding = 1};
  const Problem conv = lower(layer, Pass::kForward, 1).front();
  const test::LoadedMachine machine = test::machine_without_stalls("stripes", {{"array.dispatcher", "rows"}});
  EXPECT_EQ(test::stall_free_cycles(machine, conv, {4, 8}), 2 * 18 * 4);
  EXPECT_EQ(test::stall_free_cycles(machine, conv, {3, 8}), 2 * 18 * (3 + 1));
  EXPECT_EQ(test::stall_free_cycles(machine, conv, {1, 8}), 2 * 18 * (1 + 3));
}

}  // namespace
}  // namespace ldpsim
