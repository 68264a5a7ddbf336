// SPDX-License-Identifier: Apache-2.0
// Linear layers of transformers: numbers of tokens that leave a last tile of one position.
#include <gtest/gtest.h>

#include "tests/support/loaded_machine.hpp"
#include "tests/support/tiles.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kTokens[] = {1, 17, 25, 49, 65, 145, 577};

Layer linear(std::int64_t in, std::int64_t out, std::int64_t tokens) {
  return {.name = "t", .kind = LayerKind::kLinear, .in_channels = in, .out_channels = out, .in_height = tokens};
}

TEST(Tokens, EveryMachineMapsThemAndTakesAtLeastTheClosedForm) {
  register_builtin_pe_arrays();
  int compared = 0;
  for (const std::string& name : arch_names()) {
    const test::LoadedMachine machine(name);
    for (const std::int64_t tokens : kTokens)
      for (const Pass pass : kAllPasses)
        for (const std::int64_t batch : {1, 16}) {
          SCOPED_TRACE(name + " " + std::to_string(tokens) + " tokens " + name_of(pass));
          for (Problem problem : lower(linear(192, 192, tokens), pass, batch)) {
            const TilePlan plan = machine.map(problem, {.moving = 8, .stationary = 8});
            const Cycles closed = machine.array->closed_form_cycles(problem, plan.bits);
            ++compared;
            EXPECT_GE(plan.compute_cycles, closed);
            const bool loses_nothing = machine.array->tile_allowed(problem, plan.bits, plan.tile);
            if (closed < 0 || !machine.array->tiles_add_up() || !loses_nothing) continue;
            EXPECT_EQ(plan.compute_cycles, closed);
          }
        }
  }
  EXPECT_GT(compared, 400);
}

/// Tiles of all tokens but the last: columns that hold tokens are no columns of one sample.
TEST(Tokens, ATileOfOneTokenIsArrangedAsTheOthers) {
  for (const std::string name : {"stripes", "loom", "unpu", "hri"}) {
    const test::LoadedMachine machine(name, {{"rescale", "free"}});
    for (const std::int64_t tokens : kTokens) {
      if (tokens == 1) continue;
      const Problem problem = lower(linear(100, 70, tokens), Pass::kForward, 3).front();
      const PassBits bits{.moving = 6, .stationary = 5};
      TileShape tile = loop_extents(problem);
      tile[Loop::kY] = tokens - 1;
      if (!machine.array->tile_allowed(problem, bits, tile)) continue;
      EXPECT_EQ(test::tile_by_tile(*machine.array, problem, bits, tile),
                machine.array->closed_form_cycles(problem, bits))
          << name << ' ' << tokens;
    }
  }
}

// ceil(257 / 16) pallets x ceil(4096 / 256) filter sets x ceil(1024 / 16) bricks x 8 bits x 16 samples
TEST(Tokens, StripesTakesThePublishedFormula) {
  const test::LoadedMachine machine("stripes", {{"rescale", "free"}});
  const Problem problem = lower(linear(1024, 4096, 257), Pass::kForward, 16).front();
  EXPECT_EQ(machine.map(problem, {.moving = 8, .stationary = 8}).compute_cycles, 17 * 16 * 64 * 8 * 16);
}

// 16 samples x ceil(25 / 24) rows of tables x ceil(1024 / 48) bricks x (10 sets of 96 filters at 64 cycles, 64 at 48)
TEST(Tokens, UnpuTakesThePublishedFormula) {
  const test::LoadedMachine machine("unpu", {{"rescale", "free"}});
  const Problem problem = lower(linear(1024, 1024, 25), Pass::kForward, 16).front();
  EXPECT_EQ(machine.map(problem, {.moving = 8, .stationary = 8}).compute_cycles, 16 * 2 * 22 * (10 * 64 + 48));
}

/// No tiles of whole sets of tables fit the buffers here; whole ports of filters and whole rows of windows lose little.
TEST(Tokens, UnpuCutsLayersThatDoNotFitWithLittleLoss) {
  const test::LoadedMachine machine("unpu", {{"rescale", "free"}});
  const Layer layer{.name = "wide",
                    .in_channels = 130,
                    .out_channels = 423,
                    .in_height = 38,
                    .in_width = 31,
                    .kernel_height = 5,
                    .kernel_width = 5,
                    .stride = 3};
  const Problem problem = lower(layer, Pass::kForward, 16).front();
  const PassBits bits{.moving = 4, .stationary = 10};
  EXPECT_LT(8 * machine.map(problem, bits).compute_cycles, 9 * machine.array->closed_form_cycles(problem, bits));
}

}  // namespace
}  // namespace ldpsim
