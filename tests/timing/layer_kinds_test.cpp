// SPDX-License-Identifier: Apache-2.0
// Every kind of layer in every pass on the clocked machines, at batch 1 and more: values as the reference, cycles as
// the closed formula.
#include <gtest/gtest.h>

#include "tests/support/datapath_cases.hpp"
#include "tests/support/layer_kinds.hpp"
#include "tests/support/loaded_machine.hpp"
#include "tests/support/machine.hpp"

namespace ldpsim {
namespace {

const std::vector<std::string> kMachines{"stripes", "dadiannao", "bitfusion"};

std::vector<Problem> problems_of(const test::LoadedMachine& machine, const Layer& layer, Pass pass,
                                 std::int64_t batch) {
  const bool skips = machine.arch.text("inserted_zeros") == "skip";
  return lower(layer, pass, batch, skips ? InsertedZeros::kSkip : InsertedZeros::kCompute, true);
}

/// Random operands of a layer's pass; of the weights, a scale an output channel where the problems have them.
test::Case operands_of(Random& random, const Layer& layer, Pass pass, std::int64_t batch) {
  const PassBits bits{.moving = static_cast<int>(random.between(1, 9)),
                      .stationary = static_cast<int>(random.between(1, 9))};
  return test::make_case(random, layer, pass, batch, bits, InsertedZeros::kCompute, pass != Pass::kBackwardWeight);
}

TEST(LayerKinds, ValuesAndCyclesOfEveryPass) {
  Random random(44);
  int compared = 0;
  for (const std::string& name : kMachines) {
    const test::LoadedMachine machine(name);
    for (const Layer& layer : test::layer_kinds())
      for (const Pass pass : kAllPasses)
        for (const std::int64_t batch : {1, 3}) {
          SCOPED_TRACE(name + " " + layer.name + " " + name_of(pass) + " batch " + std::to_string(batch));
          const test::Case c = operands_of(random, layer, pass, batch);
          for (const Problem& problem : problems_of(machine, layer, pass, batch)) {
            const TilePlan plan = machine.map(problem, c.bits);
            const auto task = machine.array->make_task(problem, c.bits, c.operands());
            const ModelResult result = test::machine().run(*machine.array, machine.memory, plan, task.get(), {});
            EXPECT_EQ(result.stack[Cause::kCompute], problem.groups * plan.compute_cycles);
            if (const Cycles closed = machine.array->closed_form_cycles(problem, c.bits); closed >= 0) {
              EXPECT_EQ(plan.compute_cycles, closed);
            }
            if (!problem.scale_per_channel) {
              ASSERT_EQ(task->sums().products, reference_sums(problem, c.operands()).products);
            }
            ++compared;
          }
        }
  }
  EXPECT_GE(compared, 3 * 10 * 3 * 2);
}

/// Samples of a product of two activations cost one by one; those of a linear layer share their weights.
TEST(LayerKinds, AMatmulCostsAsOftenAsThereAreSamples) {
  const test::LoadedMachine machine("bitfusion");
  const Layer product = test::layer_kinds()[8];
  for (const Pass pass : kAllPasses) {
    const auto cycles = [&](std::int64_t batch) {
      const TilePlan plan = machine.map(lower(product, pass, batch).front(), {.moving = 8, .stationary = 8});
      return test::machine().run(*machine.array, machine.memory, plan).stack.total();
    };
    EXPECT_EQ(cycles(5), 5 * cycles(1)) << name_of(pass);
  }
}

}  // namespace
}  // namespace ldpsim
