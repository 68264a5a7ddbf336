// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/value_timing.hpp"

#include <gtest/gtest.h>

#include "sim/core/error.hpp"
#include "tests/support/cycle_by_cycle.hpp"
#include "tests/support/machine.hpp"

namespace ldpsim {
namespace {

using test::Case;
using test::machine;
using test::random_case;

/// Costs that look like those of values: any share of the worst case, from where the tile lies. By `position` alone
/// they differ from tile to tile, by shape alone they are a fixed share.
class MadeUpTiming final : public ValueTiming {
 public:
  MadeUpTiming(const Case& c, bool by_shape) : c_(c), by_shape_(by_shape) {}
  TileCost tile_cost(const TileRange& tile) override {
    TileShape shape;
    std::uint64_t place = static_cast<std::uint64_t>(tile.group) + 1;
    for (std::size_t l = 0; l < kLoopCount; ++l) {
      shape.extent[l] = c_.array.full_tiles ? c_.plan.tile.extent[l] : tile.last[l] - tile.first[l];
      if (!by_shape_) place = place * 1000003 + static_cast<std::uint64_t>(tile.first[l]);
    }
    const Cycles worst = c_.array.tile_cycles(c_.plan.problem, c_.plan.bits, shape);
    Random random(place);
    TileCost cost;
    cost.compute = random.between(0, worst);
    cost.imbalance = random.between(cost.compute == 0 ? 1 : 0, worst - cost.compute);
    if (!by_shape_) cost.difference[Action::kRegister] = random.between(-5, 5);
    return cost;
  }
  bool equal_for_equal_shapes() const override { return by_shape_; }
  std::pair<Cycles, Cycles> of_step(const std::array<std::int64_t, kLoopCount>& index, std::int64_t group) {
    const TileCost cost = tile_cost(range(index, group));
    return {cost.compute, cost.imbalance};
  }
  TileRange range(const std::array<std::int64_t, kLoopCount>& index, std::int64_t group) const {
    TileRange tile;
    tile.group = group;
    const TileShape whole = loop_extents(c_.plan.problem);
    for (std::size_t l = 0; l < kLoopCount; ++l) {
      tile.first[l] = index[l] * c_.plan.tile.extent[l];
      tile.last[l] = std::min(tile.first[l] + c_.plan.tile.extent[l], whole.extent[l]);
    }
    return tile;
  }

 private:
  const Case& c_;
  bool by_shape_;
};

ModelResult run(const Case& c, ValueTiming& values, bool fast_forward = true) {
  return machine().run(c.array, c.memory, c.plan, nullptr, {.fast_forward = fast_forward, .values = &values});
}

TEST(ValueTiming, EveryTileOfEveryGroupTakesItsOwnCyclesAsInTheUntimedTwin) {
  Random random(11);
  for (int i = 0; i < 100; ++i) {
    Case c = random_case(random, 60);
    c.plan.problem.groups = random.between(1, 3);
    MadeUpTiming values(c, false);
    CycleStack expected;
    for (std::int64_t group = 0; group < c.plan.problem.groups; ++group) {
      expected += test::CycleByCycle(c, [&](const auto& index) { return values.of_step(index, group); }).run();
    }
    ASSERT_EQ(run(c, values).stack.cycles, expected.cycles) << "case " << i;
  }
}

TEST(ValueTiming, FastForwardOverEqualShapesIsExact) {
  Random random(12);
  for (int i = 0; i < 500; ++i) {
    const Case c = random_case(random, i % 10 == 0 ? 20000 : 700);
    MadeUpTiming values(c, true);
    ASSERT_EQ(run(c, values, true).stack.cycles, run(c, values, false).stack.cycles) << "case " << i;
  }
}

TEST(ValueTiming, CountsAreThePlansAndTheDifferencesAndTheBoundIsThatOfTheCyclesTaken) {
  Random random(13);
  for (int i = 0; i < 100; ++i) {
    Case c = random_case(random, 200);
    c.plan.problem.groups = 2;
    c.plan.counts[Action::kRegister] = 100000;
    c.plan.counts[Action::kArrayCycle] = c.plan.compute_cycles * c.array.pes();
    MadeUpTiming values(c, false);
    std::int64_t registers = 200000;
    for (std::int64_t step = 0; step < 2 * c.plan.steps(); ++step) {
      std::array<std::int64_t, kLoopCount> index{};
      std::int64_t rest = step % c.plan.steps();
      for (std::size_t l = 0; l < kLoopCount; ++l) {
        index[l] = rest % c.plan.trips[l];
        rest /= c.plan.trips[l];
      }
      registers += values.tile_cost(values.range(index, step / c.plan.steps())).difference[Action::kRegister];
    }
    const ModelResult result = run(c, values);
    const Cycles busy = result.stack[Cause::kCompute] + result.stack[Cause::kImbalance];
    EXPECT_EQ(result.counts[Action::kRegister], registers);
    EXPECT_EQ(result.counts[Action::kArrayCycle], busy * c.array.pes());
    EXPECT_EQ(result.counts[Action::kDramRead], 2 * c.plan.counts[Action::kDramRead]);
    ASSERT_GE(result.stack.total(), result.bound_cycles);
    EXPECT_LE(result.bound_cycles, 2 * c.plan.bound_cycles);
    EXPECT_GE(result.bound_cycles, busy);
  }
}

/// A fixed cost for every tile.
class FixedTiming final : public ValueTiming {
 public:
  explicit FixedTiming(TileCost cost) : cost_(cost) {}
  TileCost tile_cost(const TileRange&) override { return cost_; }

 private:
  TileCost cost_;
};

TEST(ValueTiming, RefusesTilesThatCostNothingOrMoreThanTheWorstCase) {
  Random random(14);
  const Case c = random_case(random);
  FixedTiming nothing({}), much({.compute = c.plan.compute_cycles, .imbalance = 1});
  EXPECT_THROW(run(c, nothing), InternalError);
  EXPECT_THROW(run(c, much), InternalError);
  EXPECT_NO_THROW(machine().run(c.array, c.memory, c.plan));  // and it is as good as new
}

TEST(ValueTiming, AnArrayWithoutValueDependenceHasNone) {
  Random random(15);
  const Case c = random_case(random);
  EXPECT_FALSE(c.array.value_dependent());
  EXPECT_THROW(c.array.make_timing(c.plan.problem, c.plan.bits, {}), InternalError);
}

}  // namespace
}  // namespace ldpsim
