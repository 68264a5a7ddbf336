// SPDX-License-Identifier: Apache-2.0
#include "sim/model/accelerator.hpp"

#include <gmock/gmock.h>

#include "tests/support/cycle_by_cycle.hpp"

namespace ldpsim {
namespace {

using test::Case;
using test::random_case;

/// SystemC elaborates once a process, so all tests of a process share one machine.
Accelerator& machine() {
  static Accelerator accelerator;
  return accelerator;
}

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

}  // namespace
}  // namespace ldpsim
