// SPDX-License-Identifier: Apache-2.0
// Every kind of layer in every pass on the clocked machines, at batch 1 and more: values as the reference, cycles as
// the closed formula.
#include <gtest/gtest.h>

#include "sim/datapath/expected_values.hpp"
#include "tests/support/datapath_cases.hpp"
#include "tests/support/layer_kinds.hpp"
#include "tests/support/loaded_machine.hpp"
#include "tests/support/machine.hpp"

namespace ldpsim {
namespace {

std::vector<Problem> problems_of(const test::LoadedMachine& machine, const Layer& layer, Pass pass,
                                 std::int64_t batch) {
  const bool skips = machine.arch.text("inserted_zeros") == "skip";
  std::vector<Problem> problems =
      lower(layer, pass, batch, skips ? InsertedZeros::kSkip : InsertedZeros::kCompute, true);
  for (Problem& problem : problems) problem.groups_at_once = machine.array->groups_at_once(problem);
  return problems;
}

/// Random operands of a layer's pass; of the weights, a scale an output channel where the problems have them.
test::Case operands_of(Random& random, const Layer& layer, Pass pass, std::int64_t batch) {
  const PassBits bits{.moving = static_cast<int>(random.between(1, 9)),
                      .stationary = static_cast<int>(random.between(1, 9))};
  return test::make_case(random, layer, pass, batch, bits, InsertedZeros::kCompute, pass != Pass::kBackwardWeight);
}

/// Cycles of work: planned ones, or on these values as many as the tiles that were walked say, and never more.
void expect_cycles(const test::LoadedMachine& machine, const TilePlan& plan, const ModelResult& result) {
  const Problem& problem = plan.problem;
  const Cycles busy = result.stack[Cause::kCompute] + result.stack[Cause::kImbalance],
               most = problem.group_sets() * plan.compute_cycles;
  if (machine.array->value_dependent()) {
    EXPECT_GT(busy, 0);
    EXPECT_LE(busy, most);
    return;
  }
  EXPECT_EQ(busy, most);
  const Cycles closed = machine.array->closed_form_cycles(problem, plan.bits);
  if (closed < 0) return;
  if (machine.array->tiles_add_up()) {
    EXPECT_EQ(plan.compute_cycles, closed);
  } else {
    EXPECT_GE(plan.compute_cycles, closed);
  }
}

/// The integer sums of what the array multiplies, which may have put other operands in place of these; or, without
/// integer sums, its results to the last bit.
void expect_values(const test::LoadedMachine& machine, const Problem& problem, const test::Case& c,
                   const FunctionalTask& task) {
  const auto expected = machine.array->expected_values(problem, c.bits, c.operands());
  if (expected != nullptr && !expected->values.empty()) {
    ASSERT_EQ(task.values(), expected->values);
    return;
  }
  if (problem.scale_per_channel) return;  // the sums of each channel are held against the reference elsewhere
  PassOperands operands = c.operands();
  if (expected != nullptr && expected->moving) operands.moving = &*expected->moving;
  if (expected != nullptr && expected->stationary) operands.stationary = &*expected->stationary;
  ASSERT_EQ(task.sums().products, reference_sums(problem, operands).products);
}

TEST(LayerKinds, ValuesAndCyclesOfEveryPassOnEveryMachine) {
  register_builtin_pe_arrays();
  Random random(44);
  int compared = 0;
  const std::vector<std::string> names = arch_names();
  for (const std::string& name : names) {
    const test::LoadedMachine machine(name);
    for (const Layer& layer : test::layer_kinds())
      for (const Pass pass : kAllPasses)
        for (const std::int64_t batch : {1, 3}) {
          SCOPED_TRACE(name + " " + layer.name + " " + name_of(pass) + " batch " + std::to_string(batch));
          const test::Case c = operands_of(random, layer, pass, batch);
          for (const Problem& problem : problems_of(machine, layer, pass, batch)) {
            const TilePlan plan = machine.map(problem, c.bits);
            const auto task = machine.array->make_task(problem, c.bits, c.operands());
            const auto values =
                machine.array->value_dependent() ? machine.array->make_timing(problem, c.bits, c.operands()) : nullptr;
            const ModelResult result =
                test::machine().run(*machine.array, machine.memory, plan, task.get(), {.values = values.get()});
            expect_cycles(machine, plan, result);
            expect_values(machine, problem, c, *task);
            ++compared;
          }
        }
  }
  EXPECT_GE(compared, static_cast<int>(names.size()) * 10 * 3 * 2);
}

/// Groups of few channels share the lanes; the last set may have fewer groups.
TEST(LayerKinds, GroupsSideBySideMoveAsMuchInFewerSteps) {
  const test::LoadedMachine together("stripes"), apart("stripes", {{"array.groups", "one_by_one"}});
  for (const std::int64_t channels : {16, 20, 40}) {
    Layer layer = test::layer_kinds()[4];
    layer.in_channels = layer.out_channels = layer.groups = channels;
    const auto run = [&](const test::LoadedMachine& machine) {
      const Problem problem = problems_of(machine, layer, Pass::kForward, 2).front();
      return test::machine().run(*machine.array, machine.memory, machine.map(problem, {.moving = 5, .stationary = 4}));
    };
    const ModelResult one = run(together), many = run(apart);
    EXPECT_EQ(many.stack[Cause::kCompute], channels * 2 * 4 * 9 * 5);  // 63 windows in 4 pallets
    EXPECT_EQ(one.stack[Cause::kCompute], (channels + 15) / 16 * 2 * 4 * 9 * 5);
    for (const Action action : {Action::kDramRead, Action::kDramWrite, Action::kWeightBufferRead,
                                Action::kOutputBufferWrite, Action::kRegister, Action::kCorrectionAdd})
      EXPECT_EQ(one.counts[action], many.counts[action]) << static_cast<int>(action);
  }
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
