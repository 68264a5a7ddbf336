// SPDX-License-Identifier: Apache-2.0
// The clocked machine computes the right values, whenever its memory delivers.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/datapath/reference.hpp"
#include "tests/support/loaded_machine.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/random_operands.hpp"
#include "tests/support/random_problem.hpp"

namespace ldpsim {
namespace {

/// The plan with the smallest tiles that there are: as many steps as can be.
TilePlan finest_plan(const test::LoadedMachine& machine, const Problem& problem, PassBits bits) {
  const auto choices = machine.array->tile_choices(problem, bits);
  TileShape tile;
  for (std::size_t loop = 0; loop < kLoopCount; ++loop) tile.extent[loop] = choices[loop].front();
  return make_plan(*machine.array, machine.memory, problem, bits, tile, TilePlan{}.order);
}

TEST(TimedValues, AreThoseOfTheReferenceWhateverTheMemoryDoes) {
  Random random(21);
  std::int64_t steps = 0;
  for (const char* name : {"stripes", "bitfusion", "dadiannao", "systolic", "tpu-v1", "unpu"}) {
    // unpu's smallest tiles of this test are larger than its buffers
    test::LoadedMachine::Settings settings{{"dram.bits_per_cycle", "16"}};
    if (name == std::string("unpu")) {
      settings.emplace_back("buffers.weight_bytes", "33554432");
      settings.emplace_back("buffers.output_bytes", "2097152");
    }
    const test::LoadedMachine machine(name, settings);
    for (int i = 0; i < 60; ++i) {
      Problem problem = test::random_problem(random, 40, 9, 3);
      problem.scale_per_channel = false;
      const PassBits bits = test::random_bits(random);
      const test::RandomOperands codes(random, problem, bits);
      const PassOperands operands = codes.operands();
      const TilePlan plan = finest_plan(machine, problem, bits);
      steps += plan.steps();
      const std::vector<std::int64_t> expected = reference_sums(problem, operands).products;
      for (const Cycles jitter : {0, 40}) {
        test::JitterDram::most = jitter;
        test::JitterDram::seed = static_cast<std::uint64_t>(i);
        const auto task = machine.array->make_task(problem, bits, operands);
        const ModelResult result = test::machine().run(*machine.array, machine.memory, plan, task.get(), {});
        ASSERT_EQ(task->sums().products, expected) << name << " case " << i << " jitter " << jitter;
        ASSERT_GE(result.stack.total(), result.bound_cycles);
      }
      test::JitterDram::most = 0;
    }
  }
  EXPECT_GT(steps, 5000);
}

}  // namespace
}  // namespace ldpsim
