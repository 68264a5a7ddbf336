// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/random_problem.hpp"
#include "tests/support/stall_free.hpp"
#include "tests/support/tiles.hpp"

namespace ldpsim {
namespace {

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); }

constexpr std::array<const char*, 3> kDataflows{"output_stationary", "weight_stationary", "input_stationary"};

struct Array {
  std::string dataflow = "output_stationary";
  std::int64_t rows = 32, columns = 32, stream_limit = 0;
  bool pipelined = false, one_channel_sums = false;

  test::LoadedMachine::Settings settings() const {
    return {{"array.dataflow", dataflow},
            {"array.rows", std::to_string(rows)},
            {"array.columns", std::to_string(columns)},
            {"array.stream_limit", std::to_string(stream_limit)},
            {"array.folds", pipelined ? "pipelined" : "separate"},
            {"rescale", one_channel_sums ? "per_group" : "free"}};
  }
};

Array random_array(Random& random) {
  return {.dataflow = kDataflows[static_cast<std::size_t>(random.between(0, 2))],
          .rows = random.between(1, 40),
          .columns = random.between(2, 40),
          .one_channel_sums = random.between(0, 1) != 0};
}

struct Cost {
  Cycles work = 0, fill_drain = 0;
  Cycles total() const { return work + fill_drain; }
};

/// SCALE-Sim's formulas fold by fold, written down a second time; and the same with folds that overlap.
Cost formula(const Array& a, const Problem& p, PassBits bits) {
  const bool split = a.one_channel_sums && p.scale_per_channel;
  const std::int64_t windows = p.batch * p.out_height * p.out_width, sums = split ? p.channels : 1;
  const std::int64_t products = p.channels * p.kernel_height * p.kernel_width / sums;
  const std::int64_t passes = (bits.moving > 8 ? 2 : 1) * (bits.stationary > 8 ? 2 : 1);
  std::int64_t along_rows = products, along_columns = p.filters, stream = windows, load = a.rows;
  if (a.dataflow == "output_stationary") {
    along_rows = windows;
    stream = products;
    load = 0;
  } else if (a.dataflow == "input_stationary") {
    along_columns = windows;
    stream = p.filters;
  }
  Cost cost;
  for (std::int64_t fold = 0; fold < sums * up(along_rows, a.rows) * up(along_columns, a.columns); ++fold) {
    for (std::int64_t left = stream; left > 0;) {
      const std::int64_t part = a.stream_limit > 0 ? std::min(left, a.stream_limit) : left;
      cost.work += part * passes;
      cost.fill_drain += a.pipelined ? std::max<Cycles>(0, load - part * passes) : load + a.rows + a.columns - 2;
      left -= part;
    }
  }
  if (a.pipelined) cost.fill_drain += load + a.rows + a.columns - 2;
  return cost;
}

TEST(SystolicFormula, HandComputed) {
  const Layer layer{.name = "c",
                    .in_channels = 16,
                    .out_channels = 40,
                    .in_height = 10,
                    .in_width = 10,
                    .kernel_height = 3,
                    .kernel_width = 3};
  const Problem conv = lower(layer, Pass::kForward, 1).front();  // 64 windows, 144 products, 40 filters
  const auto cycles = [&](const std::string& dataflow, PassBits bits) {
    const test::LoadedMachine m = test::machine_without_stalls("systolic", {{"array.dataflow", dataflow}});
    return test::stall_free_cycles(m, conv, bits);
  };
  EXPECT_EQ(cycles("output_stationary", {8, 8}), 2 * 2 * (144 + 62));
  EXPECT_EQ(cycles("weight_stationary", {8, 8}), 5 * 2 * (64 + 94));
  EXPECT_EQ(cycles("input_stationary", {8, 8}), 5 * 2 * (40 + 94));
  EXPECT_EQ(cycles("output_stationary", {3, 1}), 2 * 2 * (144 + 62));
  EXPECT_EQ(cycles("output_stationary", {8, 9}), 2 * 2 * (2 * 144 + 62));
  EXPECT_EQ(cycles("output_stationary", {16, 8}), 2 * 2 * (2 * 144 + 62));
  EXPECT_EQ(cycles("output_stationary", {16, 16}), 2 * 2 * (4 * 144 + 62));
}

TEST(SystolicFormula, SimulatedWithoutStallsItIsExact) {
  Random random(2020);
  std::array<int, 3> passes{};
  for (int trial = 0; trial < 400; ++trial) {
    Array a = random_array(random);
    if (random.between(0, 2) == 0) a.stream_limit = random.between(1, 50);
    a.pipelined = random.between(0, 2) == 0;
    const test::LoadedMachine machine = test::machine_without_stalls("systolic", a.settings());
    const Problem problem = test::random_problem(random, 100, 12, 4);
    const PassBits bits = test::random_bits(random);
    const Cost expected = formula(a, problem, bits);
    ASSERT_EQ(machine.array->closed_form_cycles(problem, bits), expected.work) << "trial " << trial;
    ASSERT_EQ(test::stall_free_cycles(machine, problem, bits), expected.total()) << "trial " << trial;
    ++passes[static_cast<std::size_t>(problem.pass)];
  }
  for (const int count : passes) EXPECT_GT(count, 100);
}

/// However the mapper cuts a problem to fit small buffers, a fold is filled and drained once; unless its stream is
/// limited, when every part of it is a fold of its own.
TEST(SystolicFormula, HoldsForTheTilesOfSmallBuffers) {
  Random random(64);
  int cut = 0, within_folds = 0, last_resorts = 0;
  for (int trial = 0; trial < 300; ++trial) {
    Array a = random_array(random);
    if (random.between(0, 3) == 0) a.stream_limit = random.between(1, 50);
    test::LoadedMachine::Settings settings = a.settings();
    for (const char* buffer : {"buffers.weight_bytes", "buffers.activation_bytes", "buffers.output_bytes"})
      settings.emplace_back(buffer, std::to_string(random.between(4000, 40000)));
    const test::LoadedMachine machine("systolic", settings);
    const Problem problem = test::random_problem(random, 100, 12, 4);
    const PassBits bits = test::random_bits(random);
    TilePlan plan;
    try {
      plan = machine.map(problem, bits);
    } catch (const UserError&) {
      continue;  // some buffers are too small for any tile
    }
    if (!machine.array->tile_allowed(problem, bits, plan.tile)) {
      ++last_resorts;
      continue;
    }
    const Cost expected = formula(a, problem, bits);
    const CycleStack stack = test::machine().run(*machine.array, machine.memory, plan).stack;
    ASSERT_EQ(stack[Cause::kCompute], problem.groups * expected.work) << "trial " << trial;
    if (a.stream_limit == 0) {
      ASSERT_EQ(stack[Cause::kFillDrain], problem.groups * expected.fill_drain) << "trial " << trial;
    } else {
      ASSERT_GE(stack[Cause::kFillDrain], problem.groups * expected.fill_drain) << "trial " << trial;
    }
    cut += plan.steps() > 1;
    const auto continued = machine.array->continued_loops(problem, bits, plan.tile);
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      if (!continued[loop] || plan.trips[loop] == 1) continue;
      ++within_folds;
      break;
    }
  }
  EXPECT_GT(cut, 150);
  EXPECT_GT(within_folds, 20);
  EXPECT_LT(last_resorts, 60);
}

TEST(SystolicFormula, TilesAddUpToTheWork) {
  Random random(8);
  for (int trial = 0; trial < 400; ++trial) {
    const Array a = random_array(random);
    const test::LoadedMachine machine("systolic", a.settings());
    const Problem problem = test::random_problem(random, 100, 12, 4);
    const PassBits bits = test::random_bits(random);
    const TileShape tile = test::random_tile(random, *machine.array, problem, bits);
    ASSERT_EQ(test::tile_by_tile(*machine.array, problem, bits, tile), formula(a, problem, bits).work)
        << "trial " << trial << ' ' << a.dataflow << ' ' << name_of(problem.pass);
  }
}

/// 2048 windows a fold, the next weights loaded meanwhile: 256 x 256 products a cycle but for the first fold's fill and
/// the last one's drain.
TEST(SystolicFormula, TpuLoadsWeightsBehindLongStreamsAndWaitsForThemBehindShortOnes) {
  const test::LoadedMachine machine = test::machine_without_stalls("tpu-v1", {{"rescale", "free"}});
  const Layer conv{.name = "c", .in_channels = 512, .out_channels = 512, .in_height = 64, .in_width = 64};
  const Layer linear{.name = "l", .kind = LayerKind::kLinear, .in_channels = 512, .out_channels = 512};
  EXPECT_EQ(test::stall_free_cycles(machine, lower(conv, Pass::kForward, 1).front(), {8, 8}), 4 * 4096 + 256 + 510);
  EXPECT_EQ(test::stall_free_cycles(machine, lower(linear, Pass::kForward, 1).front(), {8, 8}), 4 * 256 + 256 + 510);
  EXPECT_EQ(test::stall_free_cycles(machine, lower(linear, Pass::kForward, 128).front(), {8, 16}), 4 * 256 + 256 + 510);
}

}  // namespace
}  // namespace ldpsim
