// SPDX-License-Identifier: Apache-2.0
#include "sim/model/accelerator.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/cycle_by_cycle.hpp"
#include "tests/support/machine.hpp"

namespace ldpsim {
namespace {

using test::Case;
using test::machine;
using test::random_case;

ModelResult run(const Case& c, bool fast_forward = true) {
  return machine().run(c.array, c.memory, c.plan, nullptr, {.fast_forward = fast_forward});
}

TEST(Accelerator, EqualsItsUntimedTwin) {
  Random random(1);
  for (int i = 0; i < 500; ++i) {
    const Case c = random_case(random, 100);
    ASSERT_EQ(run(c, false).stack.cycles, test::CycleByCycle(c).run().cycles) << "case " << i;
  }
}

TEST(Accelerator, FastForwardIsExact) {
  Random random(2);
  for (int i = 0; i < 3000; ++i) {
    const Case c = random_case(random, i % 10 == 0 ? 20000 : 700);
    ASSERT_EQ(run(c, true).stack.cycles, run(c, false).stack.cycles) << "case " << i;
  }
}

TEST(Accelerator, NeverBeatsTheBound) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    const Case c = random_case(random, 2000);
    const ModelResult result = run(c);
    ASSERT_GE(result.stack.total(), result.bound_cycles) << "case " << i;
    ASSERT_GE(result.stack.total(), result.stack[Cause::kCompute] + result.stack[Cause::kFillDrain]) << "case " << i;
  }
}

TEST(Accelerator, GroupsMultiplyTheResult) {
  Random random(4);
  Case c = random_case(random);
  const ModelResult one = run(c);
  c.plan.problem.groups = 3;
  const ModelResult three = run(c);
  EXPECT_EQ(three.stack.total(), 3 * one.stack.total());
  EXPECT_EQ(three.bound_cycles, 3 * one.bound_cycles);
  EXPECT_EQ(three.counts[Action::kDramRead], 3 * one.counts[Action::kDramRead]);
}

TEST(Accelerator, RefusesAPlanThatContradictsItself) {
  Random random(5);
  Case c = random_case(random);
  ++c.plan.compute_cycles;
  EXPECT_THROW(run(c), InternalError);
  --c.plan.compute_cycles;
  ++c.plan.counts[Action::kDramRead];
  EXPECT_THROW(run(c), InternalError);
  --c.plan.counts[Action::kDramRead];
  ++c.plan.block_transfers[1];
  EXPECT_THROW(run(c), InternalError);
  --c.plan.block_transfers[1];
  EXPECT_NO_THROW(run(c));  // and it is as good as new
}

/// A task without values.
class HollowTask : public FunctionalTask {
 public:
  void finish() override {}
  void observe_groups(GroupObserver) override {}
  const IntegerSums& sums() const override { return sums_; }
  const std::vector<double>& values() const override { return values_; }
  int accumulator_bits_needed() const override { return 0; }
  std::int64_t spills() const override { return 0; }
  const AccumulatorSpec& accumulator() const override { return accumulator_; }

 private:
  AccumulatorSpec accumulator_;
  IntegerSums sums_;
  std::vector<double> values_;
};

/// Notes what it is asked to compute.
class RecordingTask final : public HollowTask {
 public:
  void compute(const TileRange& tile) override { tiles.push_back(tile); }
  void finish() override { ++finished; }
  std::vector<TileRange> tiles;
  int finished = 0;
};

std::vector<TileRange> tiles_of(const Case& c, bool fast_forward) {
  RecordingTask task;
  machine().run(c.array, c.memory, c.plan, &task, {.fast_forward = fast_forward});
  EXPECT_EQ(task.finished, 1);
  return task.tiles;
}

bool same_tiles(const std::vector<TileRange>& a, const std::vector<TileRange>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const TileRange& x, const TileRange& y) {
    return x.group == y.group && x.first == y.first && x.last == y.last;
  });
}

TEST(Accelerator, ComputesEveryElementOfEveryGroupOnceWhateverTheTiming) {
  Random random(6);
  for (int i = 0; i < 200; ++i) {
    Case c = random_case(random, 400);
    c.plan.problem.groups = random.between(1, 3);
    const std::vector<TileRange> tiles = tiles_of(c, true);
    std::int64_t volume = 0, whole = c.plan.problem.groups;
    for (const std::int64_t extent : loop_extents(c.plan.problem).extent) whole *= extent;
    std::set<std::array<std::int64_t, kLoopCount + 1>> corners;
    for (const TileRange& tile : tiles) {
      std::int64_t elements = 1;
      for (std::size_t l = 0; l < kLoopCount; ++l) elements *= tile.last[l] - tile.first[l];
      volume += elements;
      corners.insert({tile.group, tile.first[0], tile.first[1], tile.first[2], tile.first[3], tile.first[4]});
    }
    ASSERT_EQ(volume, whole) << "case " << i;
    ASSERT_EQ(corners.size(), tiles.size()) << "case " << i;
    ASSERT_TRUE(same_tiles(tiles, tiles_of(c, false))) << "case " << i;
    test::JitterDram::most = 50;
    test::JitterDram::seed = static_cast<std::uint64_t>(i);
    ASSERT_TRUE(same_tiles(tiles, tiles_of(c, true))) << "case " << i;
    test::JitterDram::most = 0;
  }
}

TEST(Accelerator, SlowerMemoryChangesStallsAndNothingElse) {
  Random random(7);
  for (int i = 0; i < 200; ++i) {
    const Case c = random_case(random, 400);
    const ModelResult quick = run(c);
    test::JitterDram::most = 30;
    test::JitterDram::seed = static_cast<std::uint64_t>(i);
    const ModelResult slow = run(c), again = run(c);
    test::JitterDram::most = 0;
    ASSERT_EQ(slow.stack[Cause::kCompute], quick.stack[Cause::kCompute]);
    ASSERT_EQ(slow.counts, quick.counts);
    ASSERT_GE(slow.stack.total(), slow.bound_cycles);
    ASSERT_EQ(slow.stack, again.stack) << "same seed, same cycles";
  }
}

/// Fails at its third tile, as an accumulator that overflows would.
class FailingTask final : public HollowTask {
 public:
  void compute(const TileRange&) override {
    if (++tiles_ == 3) throw UserError("layer conv1", "a sum does not fit 8 bits");
  }

 private:
  int tiles_ = 0;
};

TEST(Accelerator, PassesOnWhatATaskThrowsAndGoesOnAfterwards) {
  Random random(8);
  Case c = random_case(random);
  while (c.plan.steps() < 3) c = random_case(random);
  const ModelResult before = run(c);
  FailingTask task;
  EXPECT_THROW(machine().run(c.array, c.memory, c.plan, &task, {}), UserError);
  EXPECT_EQ(run(c).stack, before.stack);
}

}  // namespace
}  // namespace ldpsim
