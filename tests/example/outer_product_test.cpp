// SPDX-License-Identifier: Apache-2.0
// The test of the worked example in sim/README.md: what every machine's test shows, in its shortest form.
#include "tests/example/outer_product.hpp"

#include <gtest/gtest.h>

#include "tests/support/datapath_cases.hpp"
#include "tests/support/layer_kinds.hpp"
#include "tests/support/loaded_machine.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/random_problem.hpp"
#include "tests/support/tiles.hpp"

namespace ldpsim {
namespace {

test::LoadedMachine outer_product() {
  static const bool kRegistered = [] {
    PeArrayRegistry::instance().add(outer_product_kind());  // a built-in kind has this line in sim/datapath/builtin.cpp
    return true;
  }();
  static_cast<void>(kRegistered);
  return test::LoadedMachine(std::string(LDPSIM_SOURCE_DIR) + "/tests/example/outer-product.yaml");
}

TEST(OuterProduct, CyclesAreTheFormulasHoweverItIsTiled) {
  const test::LoadedMachine machine = outer_product();
  Random random(1);
  for (int trial = 0; trial < 300; ++trial) {
    const Problem p = test::random_problem(random, 40, 12, 3);
    const PassBits bits = test::random_bits(random);
    const Cycles expected = (p.filters + 15) / 16 * p.batch * ((p.out_height * p.out_width + 15) / 16) * p.reduction();
    ASSERT_EQ(machine.array->closed_form_cycles(p, bits), expected);
    const TileShape tile = test::random_tile(random, *machine.array, p, bits);
    ASSERT_EQ(test::tile_by_tile(*machine.array, p, bits, tile), expected) << "trial " << trial;
  }
}

TEST(OuterProduct, ValuesOfEveryKindOfLayerAreTheReferences) {
  const test::LoadedMachine machine = outer_product();
  Random random(2);
  for (const Layer& layer : test::layer_kinds())
    for (const Pass pass : kAllPasses) {
      const test::Case c = test::make_case(random, layer, pass, 2, {.moving = 7, .stationary = 5}, InsertedZeros::kSkip,
                                           /*per_channel=*/false);
      const TilePlan plan = machine.map(c.problem, c.bits);
      const auto task = machine.array->make_task(c.problem, c.bits, c.operands());
      const ModelResult result = test::machine().run(*machine.array, machine.memory, plan, task.get(), {});
      EXPECT_EQ(task->sums().products, reference_sums(c.problem, c.operands()).products) << layer.name;
      EXPECT_EQ(result.stack[Cause::kCompute], c.problem.groups * machine.array->closed_form_cycles(c.problem, c.bits));
    }
}

}  // namespace
}  // namespace ldpsim
