// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/loaded_machine.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/random_problem.hpp"
#include "tests/support/tiles.hpp"

namespace ldpsim {
namespace {

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); }

/// The rules of the array, written down a second time: 24 rows of tables of 16 x 3 inputs (x 4 at one serial bit), 12
/// ports, tables of 8 cycles that serve 96 rows of the serial operand.
struct Rules {
  bool overlapped = true, one_channel_sums = false;

  Cycles cycles(const Problem& p, PassBits bits, bool moving_is_serial) const {
    const std::int64_t serial = moving_is_serial ? bits.moving : bits.stationary, inputs = serial == 1 ? 64 : 48;
    const std::int64_t taps = p.kernel_height * p.kernel_width, windows = p.out_height * p.out_width;
    const bool flat = p.pass == Pass::kBackwardWeight || windows == 1;
    const std::int64_t images = flat ? 1 : p.batch, positions = flat ? p.batch * windows : windows;
    std::int64_t bricks = taps * up(p.channels, inputs);
    if (p.pass == Pass::kBackwardWeight) bricks = up(taps * p.channels, inputs);
    if (one_channel_sums && p.scale_per_channel) bricks = p.channels * up(taps, inputs);
    const std::int64_t table_rows = moving_is_serial ? p.filters : positions,
                       serial_rows = moving_is_serial ? positions : p.filters;
    Cycles each = 0;
    for (std::int64_t first = 0; first < serial_rows; first += 96) {
      const Cycles reads = up(std::min<std::int64_t>(96, serial_rows - first), 12) * serial;
      each += overlapped ? std::max<Cycles>(8, reads) : 8 + reads;
    }
    return images * up(table_rows, 24) * bricks * each;
  }
};

TEST(LutFormula, ClosedFormAndTilesAgreeOnRandomProblems) {
  Random random(2018);
  std::array<int, 3> passes{};
  int cut = 0, one_bit = 0;
  for (const bool moving_is_serial : {false, true})
    for (const Rules rules : {Rules{true, false}, Rules{false, true}}) {
      const test::LoadedMachine machine("unpu",
                                        {{"array.serial_forward", moving_is_serial ? "activation" : "weight"},
                                         {"array.serial_backward_data", moving_is_serial ? "gradient" : "weight"},
                                         {"array.serial_backward_weight", moving_is_serial ? "activation" : "gradient"},
                                         {"array.table_overlap", rules.overlapped ? "true" : "false"},
                                         {"rescale", rules.one_channel_sums ? "per_group" : "free"}});
      for (int trial = 0; trial < 150; ++trial) {
        const Problem problem = test::random_problem(random, 300, 24, 60);
        PassBits bits = test::random_bits(random);
        if (trial % 4 == 0) (moving_is_serial ? bits.moving : bits.stationary) = 1;
        const Cycles expected = rules.cycles(problem, bits, moving_is_serial);
        ASSERT_EQ(machine.array->closed_form_cycles(problem, bits), expected) << "trial " << trial;
        const TileShape tile = test::random_tile(random, *machine.array, problem, bits);
        ASSERT_EQ(test::tile_by_tile(*machine.array, problem, bits, tile), expected)
            << "trial " << trial << ' ' << name_of(problem.pass);
        ++passes[static_cast<std::size_t>(problem.pass)];
        cut += tile != loop_extents(problem);
        one_bit += (moving_is_serial ? bits.moving : bits.stationary) == 1;
      }
    }
  for (const int count : passes) EXPECT_GT(count, 100);
  EXPECT_GT(cut, 300);  // the tiles really cut the problems
  EXPECT_GT(one_bit, 120);
}

/// The clocked machine with buffers and DRAM that never make it wait: the formula, the first tables and nothing else.
TEST(LutFormula, TheClockedMachineTakesTheCyclesOfTheFormula) {
  const test::LoadedMachine machine("unpu", {{"buffers.weight_bytes", "1000000000"},
                                             {"buffers.activation_bytes", "1000000000"},
                                             {"buffers.output_bytes", "1000000000"},
                                             {"dram.bits_per_cycle", "1000000000"}});
  Random random(13);
  const Rules rules{.one_channel_sums = true};
  for (int trial = 0; trial < 300; ++trial) {
    Problem problem = test::random_problem(random, 120, 16, 4);
    const PassBits bits = test::random_bits(random);
    const bool moving_is_serial = problem.pass == Pass::kBackwardWeight && bits.moving <= bits.stationary;
    const ModelResult result = test::machine().run(*machine.array, machine.memory, machine.map(problem, bits));
    ASSERT_EQ(result.stack[Cause::kCompute], rules.cycles(problem, bits, moving_is_serial) * problem.groups);
    ASSERT_EQ(result.stack[Cause::kFillDrain], 8 * problem.groups);
    ASSERT_LE(result.stack.total() - result.stack[Cause::kCompute] - result.stack[Cause::kFillDrain],
              6 * problem.groups);  // a cycle for each of the few transfers before and after
  }
}

TEST(LutFormula, MoreBitsNeverTakeFewerCycles) {
  const test::LoadedMachine machine("unpu");
  Random random(7);
  for (int trial = 0; trial < 50; ++trial) {
    const Problem problem = test::random_problem(random, 64, 12, 4);
    Cycles last = 0;
    for (int bits = 2; bits <= 16; ++bits) {
      const Cycles cycles = machine.array->closed_form_cycles(problem, {.moving = bits, .stationary = bits});
      EXPECT_GE(cycles, last);
      last = cycles;
    }
    EXPECT_LE(machine.array->closed_form_cycles(problem, {.moving = 1, .stationary = 1}),
              machine.array->closed_form_cycles(problem, {.moving = 2, .stationary = 2}));
  }
}

/// Two 3x3 layers whose tables are counted by hand.
TEST(LutFormula, TablesAreCountedForEveryGroupOfInputsAndSetOfOutputs) {
  const test::LoadedMachine machine("unpu", {{"rescale", "free"}});
  const Layer layer{.name = "c",
                    .in_channels = 7,
                    .out_channels = 100,
                    .in_height = 4,
                    .in_width = 6,
                    .kernel_height = 3,
                    .kernel_width = 3,
                    .padding = 1};
  const Problem problem = lower(layer, Pass::kForward, 2).front();
  // 24 windows of 2 images, 9 taps of 3 groups of up to 3 channels, built twice for 100 filters
  const ActionCounts counts = machine.array->overhead_actions(problem, {.moving = 5, .stationary = 4});
  EXPECT_EQ(counts[Action::kTableAdd], 2 * 48 * 27 * 2);
  EXPECT_EQ(counts[Action::kTableWrite], 2 * 48 * 27 * 8 * 7);
  // at one bit, 2 groups of up to 4 channels
  const ActionCounts binary = machine.array->overhead_actions(problem, {.moving = 5, .stationary = 1});
  EXPECT_EQ(binary[Action::kTableAdd], 2 * 48 * 18 * 3);
  EXPECT_EQ(binary[Action::kTableWrite], 2 * 48 * 18 * 8 * 7);
}

TEST(LutFormula, FeatureLoadersReadSharedFeaturesOnce) {
  const Layer layer{.name = "c",
                    .in_channels = 3,
                    .out_channels = 12,
                    .in_height = 4,
                    .in_width = 6,
                    .kernel_height = 3,
                    .kernel_width = 3,
                    .padding = 1};
  const Problem problem = lower(layer, Pass::kForward, 1).front();
  const PassBits bits{.moving = 5, .stationary = 4};
  const auto reads = [&](const char* loader) {
    const test::LoadedMachine machine("unpu", {{"array.feature_loader", loader}});
    return machine.array->accesses(problem, bits, loop_extents(problem)).moving_read;
  };
  EXPECT_EQ(reads("plain"), 24 * 9 * 3 * 5);
  EXPECT_EQ(reads("row"), 4 * 3 * (6 + 2) * 3 * 5);  // 4 rows of windows, 3 rows of taps, 8 padded columns
  EXPECT_EQ(reads("window"), (4 + 2) * (6 + 2) * 3 * 5);
}

}  // namespace
}  // namespace ldpsim
