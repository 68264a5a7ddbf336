// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/random_bricks.hpp"

namespace ldpsim {
namespace {

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); }

/// The published formulas, written down a second time: 128 filters x 16 windows x 16 lanes, a step as long as the
/// product of both precisions.
Cycles formula(const Problem& p, PassBits bits, std::int64_t serial_bits, bool one_channel_sums) {
  const std::int64_t taps = p.kernel_height * p.kernel_width, windows = p.out_height * p.out_width;
  const std::int64_t step = up(bits.moving, serial_bits) * bits.stationary;
  if (p.pass == Pass::kBackwardWeight)
    return up(p.filters, 128) * up(p.batch * windows, 16) * up(p.channels * taps, 16) * step;
  const std::int64_t bricks =
      one_channel_sums && p.scale_per_channel ? p.channels * up(taps, 16) : taps * up(p.channels, 16);
  return p.batch * up(p.filters, 128) * up(windows, 16) * bricks * step;
}

TEST(Loom, ClosedFormAndTilesAgreeOnRandomProblems) {
  Random random(2018);
  std::array<int, 3> passes{};
  for (const char* serial_bits : {"1", "2", "4"})
    for (const char* rescale : {"free", "per_group"}) {
      const test::LoadedMachine machine("loom", {{"array.serial_bits", serial_bits}, {"rescale", rescale}});
      EXPECT_FALSE(machine.array->value_dependent());
      for (int trial = 0; trial < 150; ++trial) {
        const Problem problem = test::random_problem(random, 400, 20, 4);
        const PassBits bits = test::random_bits(random);
        const Cycles expected = formula(problem, bits, std::stoi(serial_bits), rescale == std::string("per_group"));
        ASSERT_EQ(machine.array->closed_form_cycles(problem, bits), expected) << "trial " << trial;
        const TileShape tile = test::random_tile(random, *machine.array, problem, bits);
        ASSERT_EQ(test::tile_by_tile(*machine.array, problem, bits, tile), expected) << "trial " << trial;
        ++passes[static_cast<std::size_t>(problem.pass)];
      }
    }
  for (const int count : passes) EXPECT_GT(count, 150);
}

TEST(Loom, TheClockedMachineTakesTheClosedFormIfNothingStalls) {
  const test::LoadedMachine machine = test::machine_without_stalls("loom");
  Random random(6);
  for (int trial = 0; trial < 100; ++trial) {
    const Problem problem = test::random_problem(random, 100, 12, 3);
    const PassBits bits = test::random_bits(random);
    ASSERT_EQ(test::stall_free_cycles(machine, problem, bits), machine.array->closed_form_cycles(problem, bits));
  }
}

/// Cycles with trimming: every step takes the widest of its codes, however its windows are grouped.
Cycles trimmed_cycles(const std::vector<test::StepCodes>& steps, PassBits bits, std::int64_t serial_bits) {
  Cycles cycles = 0;
  for (const test::StepCodes& step : steps) {
    std::int64_t most = 0;
    for (const auto& [column, codes] : step)
      for (const std::int32_t code : codes) {
        int width = 1;  // the smallest field of bits that holds the code
        while (bits.moving_signed ? code < -(1 << (width - 1)) || code >= 1 << (width - 1) : code >> width != 0)
          ++width;
        if (bits.moving_signed)
          width = std::max(width, std::min(2, bits.moving));  // a bit of magnitude besides the sign
        most = std::max<std::int64_t>(most, width);
      }
    cycles += up(most, serial_bits) * bits.stationary;
  }
  return cycles;
}

TEST(Loom, TrimmingEqualsAnIndependentCount) {
  Random random(77);
  std::int64_t saved = 0, imbalance = 0;
  for (int trial = 0; trial < 150; ++trial) {
    const std::int64_t serial_bits = std::int64_t{1} << random.between(0, 2), group = random.between(1, 16);
    const test::RandomBricks bricks(random, "loom",
                                    {{"array.trimming", "dynamic"},
                                     {"array.serial_bits", std::to_string(serial_bits)},
                                     {"array.trimming_windows", std::to_string(group)}},
                                    test::random_problem(random, 24, 8, 2));
    const test::LoadedMachine& machine = bricks.machine;
    const Problem& p = bricks.problem;
    ASSERT_TRUE(machine.array->value_dependent());
    Cycles expected = 0;
    for (std::int64_t g = 0; g < p.groups; ++g) {
      const std::vector<test::StepCodes> steps =
          test::steps_of(p, bricks.shape, bricks.operands.moving(), whole_group(p, g));
      expected += up(p.filters, bricks.filters) * trimmed_cycles(steps, bricks.bits, serial_bits);
    }
    const ModelResult result = bricks.run();
    const Cycles cycles = result.stack[Cause::kCompute] + result.stack[Cause::kImbalance];
    ASSERT_EQ(cycles, expected) << "trial " << trial << ' ' << name_of(p.pass);
    const Cycles untrimmed = p.groups * machine.array->closed_form_cycles(p, bricks.bits);
    ASSERT_LE(cycles, untrimmed);
    if (group >= bricks.windows) {
      ASSERT_EQ(result.stack[Cause::kImbalance], 0) << "trial " << trial;
    }
    saved += untrimmed - cycles;
    imbalance += result.stack[Cause::kImbalance];
  }
  EXPECT_GT(saved, 0);
  EXPECT_GT(imbalance, 0);
}

/// Columns that take one step after the other, each when it is free and a cycle after the one before.
Cycles staggered_cycles(const std::vector<Cycles>& steps, std::size_t columns) {
  std::vector<Cycles> begins;
  Cycles last = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Cycles begin = i == 0 ? 0 : begins[i - 1] + 1;
    if (i >= columns) begin = std::max(begin, begins[i - columns] + steps[i - columns]);
    begins.push_back(begin);
    last = std::max(last, begin + steps[i]);
  }
  return last;
}

TEST(Loom, LinearLayersRunOnStaggeredColumns) {
  Random random(4);
  for (int trial = 0; trial < 200; ++trial) {
    const std::int64_t windows = random.between(1, 16);
    const test::LoadedMachine::Settings settings{
        {"array.windows", std::to_string(windows)}, {"array.lanes", "4"}, {"array.filters", "8"}};
    test::LoadedMachine::Settings trimming = settings;
    trimming.emplace_back("array.trimming", "dynamic");
    const test::LoadedMachine machine = test::machine_without_stalls("loom", settings),
                              trims = test::machine_without_stalls("loom", trimming);
    const Layer layer{.name = "fc",
                      .kind = LayerKind::kLinear,
                      .in_channels = random.between(1, 200),
                      .out_channels = random.between(1, 60)};
    const Pass pass = random.between(0, 1) != 0 ? Pass::kForward : Pass::kBackwardData;
    const Problem p = lower(layer, pass, random.between(1, 4)).front();
    const PassBits bits = test::random_bits(random);
    const test::RandomOperands operands(random, p, bits, true);
    Cycles untrimmed = 0, trimmed = 0;
    for (std::int64_t sample = 0; sample < p.batch; ++sample) {
      TileRange one = whole_group(p, 0);
      one.first[0] = sample;
      one.last[0] = sample + 1;
      std::vector<Cycles> steps;
      for (std::int64_t set = 0; set < up(p.filters, 8); ++set)
        for (const test::StepCodes& codes : test::steps_of(p, {8, windows, 4}, operands.moving(), one))
          steps.push_back(trimmed_cycles({codes}, bits, 1));
      trimmed += staggered_cycles(steps, static_cast<std::size_t>(windows));
      std::fill(steps.begin(), steps.end(), Cycles{bits.moving} * bits.stationary);
      untrimmed += staggered_cycles(steps, static_cast<std::size_t>(windows));
    }
    ASSERT_EQ(test::stall_free_cycles(machine, p, bits), untrimmed) << "trial " << trial;
    const Cycles tails = machine.array->tile_overhead(p, bits, loop_extents(p)).fill_drain;
    ASSERT_EQ(machine.array->closed_form_cycles(p, bits) + tails, untrimmed) << "trial " << trial;
    const auto values = trims.array->make_timing(p, bits, operands.operands());
    ASSERT_EQ(values->tile_cost(whole_group(p, 0)).cycles(), trimmed) << "trial " << trial;
  }
}

TEST(Loom, LinearLayersTakeAboutTheWeightsBits) {
  // 4096 x 4096 at 16-bit activations: 32 sets of filters x 256 bricks, a step a cycle for each bit of the weights
  const test::LoadedMachine machine("loom");
  const Problem p = lower(Layer{.name = "fc", .kind = LayerKind::kLinear, .in_channels = 4096, .out_channels = 4096},
                          Pass::kForward, 1)
                        .front();
  for (const int bits : {4, 8, 11})
    EXPECT_EQ(machine.array->closed_form_cycles(p, {.moving = 16, .stationary = bits}), 32 * 256 * bits);
}

TEST(Loom, TrimmedBitsByHand) {
  const Layer layer{.name = "p", .in_channels = 2, .out_channels = 1, .in_height = 1, .in_width = 3};
  const Problem p = lower(layer, Pass::kForward, 1).front();
  const PassBits bits{.moving = 8, .stationary = 3};
  const QuantisedTensor moving{.shape = {6}, .codes = {5, 0, 0, 0, 17, 0}, .scale = {1}, .offset = {0}};
  const QuantisedTensor stationary{.shape = {2}, .codes = {1, 1}, .scale = {1}, .offset = {0}};
  const auto cost = [&](const char* windows) {
    const test::LoadedMachine machine("loom", {{"array.trimming", "dynamic"}, {"array.trimming_windows", windows}});
    return machine.array->make_timing(p, bits, {&moving, &stationary})->tile_cost(whole_group(p, 0));
  };
  // windows hold the channels (5, 0), (0, 17), (0, 0): 3, 5 and 1 bits
  EXPECT_EQ(cost("16").cycles(), 5 * 3);
  EXPECT_EQ(cost("16").imbalance, 0);
  EXPECT_EQ(cost("16").difference[Action::kTerm], 3 * 2 * 5);
  EXPECT_EQ(cost("16").difference[Action::kSkippedTerm], 3 * 2 * 3);
  EXPECT_EQ(cost("1").cycles(), 5 * 3);  // the widest sets the pace
  EXPECT_EQ(cost("1").compute, 3 * 3);   // the mean of 3, 5 and 1 bits
  EXPECT_EQ(cost("1").imbalance, 2 * 3);
}

}  // namespace
}  // namespace ldpsim
