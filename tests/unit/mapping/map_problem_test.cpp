// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "tests/support/loaded_machine.hpp"
#include "tests/support/random_problem.hpp"

namespace ldpsim {
namespace {

using Order = std::array<Loop, kLoopCount>;
constexpr Order kFirstOrder{Loop::kBatch, Loop::kY, Loop::kX, Loop::kChannels, Loop::kFilters};

/// With `last_resort` the tiles that are tried if no other fits.
void for_each_tile(const PeArray& array, const Problem& problem, PassBits bits, const auto& visit,
                   bool last_resort = false) {
  const auto choices = last_resort ? array.last_resort_choices(problem, bits) : array.tile_choices(problem, bits);
  TileShape tile;
  const auto descend = [&](const auto& self, std::size_t loop) -> void {
    if (loop == kLoopCount) {
      if (last_resort || array.tile_allowed(problem, bits, tile)) visit(tile);
      return;
    }
    for (const std::int64_t size : choices[loop]) {
      tile.extent[loop] = size;
      self(self, loop + 1);
    }
  };
  descend(descend, 0);
}

/// Whether the loops that a tile continues (PeArray::continued_loops) run inside all others, those of one trip apart.
bool keeps_continued_innermost(const PeArray& array, const TilePlan& plan) {
  const auto continued = array.continued_loops(plan.problem, plan.bits, plan.tile);
  bool outside = false;
  for (std::size_t level = kLoopCount; level-- > 0;) {
    const auto loop = static_cast<std::size_t>(plan.order[level]);
    if (plan.trips[loop] == 1) continue;
    if (continued[loop] && outside) return false;
    outside = outside || !continued[loop];
  }
  return true;
}

/// Every tile that fits in every order: the orders lexicographically, in each the tiles.
void for_each_plan(const test::LoadedMachine& machine, const Problem& problem, PassBits bits, const auto& visit,
                   bool last_resort) {
  Order order = kFirstOrder;
  do {
    for_each_tile(
        *machine.array, problem, bits,
        [&](const TileShape& tile) {
          const auto needed = machine.array->tile_bits(problem, bits, tile);
          for (std::size_t t = 0; t < kTensorCount; ++t) {
            if (needed[t] > machine.memory.capacity(static_cast<Tensor>(t))) return;
          }
          const TilePlan plan = make_plan(*machine.array, machine.memory, problem, bits, tile, order);
          if (!keeps_continued_innermost(*machine.array, plan)) return;
          visit(plan);
        },
        last_resort);
  } while (std::next_permutation(order.begin(), order.end()));
}

/// The first of the best of all plans, of equal ones that whose transfers of whole cycles take least; nothing is clever
/// here.
std::optional<TilePlan> try_everything(const test::LoadedMachine& machine, const Problem& problem, PassBits bits,
                                       bool last_resort = false) {
  std::optional<Cycles> least;
  for_each_plan(
      machine, problem, bits,
      [&](const TilePlan& plan) { least = std::min(plan.bound_cycles, least.value_or(plan.bound_cycles)); },
      last_resort);
  if (!least) return {};
  const double slack = machine.arch.real("mapping.cycle_slack_percent") / 100;
  std::optional<TilePlan> best;
  const auto rank = [&](const TilePlan& plan) {
    Cycles transfers = 0;
    for (const auto& [count, tensor] : {std::pair{plan.block_transfers[0], 0},
                                        {plan.block_transfers[1], 1},
                                        {plan.block_transfers[2], 2},
                                        {plan.output_block_reads, 2}})
      transfers +=
          count * ceil_div(plan.block_bits[static_cast<std::size_t>(tensor)], machine.memory.dram_bits_per_cycle);
    return std::tuple(
        machine.energy.exact(plan.counts), plan.bound_cycles,
        transfers > plan.bound_cycles + machine.memory.cycle_slack(plan.bound_cycles) ? transfers : plan.bound_cycles);
  };
  for_each_plan(
      machine, problem, bits,
      [&](const TilePlan& plan) {
        if (static_cast<double>(plan.bound_cycles - *least) > slack * static_cast<double>(*least)) return;
        if (!best || rank(plan) < rank(*best)) best = plan;
      },
      last_resort);
  return best;
}

/// On random problems, with each of these slacks.
void expect_same_choice(const std::string& name, test::LoadedMachine::Settings settings, std::uint64_t seed, int trials,
                        const std::vector<const char*>& slacks = {"0", "0.5", "10"}) {
  settings.emplace_back("mapping.cycle_slack_percent", "");
  for (const char* slack : slacks) {
    SCOPED_TRACE(slack);
    settings.back().second = slack;
    const test::LoadedMachine machine(name, settings);
    Random random(seed);
    int mapped = 0;
    for (int trial = 0; trial < trials; ++trial) {
      const Problem problem = test::random_problem(random, 70, 7, 5);
      const PassBits bits = test::random_bits(random);
      std::optional<TilePlan> expected = try_everything(machine, problem, bits);
      if (!expected) expected = try_everything(machine, problem, bits, true);
      if (!expected) {
        EXPECT_THROW(machine.map(problem, bits), UserError);
        continue;
      }
      const TilePlan plan = machine.map(problem, bits);
      ASSERT_EQ(plan.bound_cycles, expected->bound_cycles) << "trial " << trial;
      ASSERT_EQ(plan.counts, expected->counts) << "trial " << trial;
      ASSERT_EQ(plan.tile, expected->tile) << "trial " << trial;
      ASSERT_EQ(plan.order, expected->order) << "trial " << trial;
      ++mapped;
    }
    EXPECT_GT(mapped, trials / 2);
  }
}

TEST(MapProblem, FindsWhatTryingEverythingFindsOnBitFusion) {
  expect_same_choice(
      "bitfusion",
      {{"buffers.weight_bytes", "6000"}, {"buffers.activation_bytes", "3000"}, {"buffers.output_bytes", "9000"}}, 1,
      15);
}

TEST(MapProblem, FindsWhatTryingEverythingFindsOnTheReleasedModel) {
  expect_same_choice("bitfusion-eyeriss", {{"buffers.weight_bytes", "6000"}, {"dram.bits_per_cycle", "16"}}, 2, 15);
}

TEST(MapProblem, FindsWhatTryingEverythingFindsOnStripes) {
  expect_same_choice("stripes",
                     {{"array.filters", "16"},
                      {"buffers.weight_bytes", "20000"},
                      {"buffers.activation_bytes", "8000"},
                      {"buffers.output_bytes", "60000"}},
                     3, 25);
}

TEST(MapProblem, FindsWhatTryingEverythingFindsWithOverheadsOfTiles) {
  for (const char* dataflow : {"output_stationary", "weight_stationary", "input_stationary"}) {
    expect_same_choice("systolic",
                       {{"array.rows", "8"},
                        {"array.columns", "4"},
                        {"array.dataflow", dataflow},
                        {"buffers.weight_bytes", "9000"},
                        {"buffers.activation_bytes", "6000"},
                        {"buffers.output_bytes", "9000"}},
                       4, 8, {"0", "2"});
  }
}

TEST(MapProblem, SlackTradesCyclesForEnergyWithinItsBounds) {
  const std::vector<const char*> slacks{"0", "0.5", "3", "100"};
  std::vector<std::int64_t> gains(slacks.size());
  Random random(6);
  for (int trial = 0; trial < 60; ++trial) {
    const Problem problem = test::random_problem(random, 100, 16, 8);
    const PassBits bits = test::random_bits(random);
    std::vector<TilePlan> plans;
    std::vector<ExactEnergy> energies;
    for (std::size_t i = 0; i < slacks.size(); ++i) {
      const test::LoadedMachine machine("bitfusion-small", {{"mapping.cycle_slack_percent", slacks[i]}});
      plans.push_back(machine.map(problem, bits));
      energies.push_back(machine.energy.exact(plans.back().counts));
      const double most = (1 + machine.arch.real("mapping.cycle_slack_percent") / 100) *
                          static_cast<double>(plans.front().bound_cycles);
      EXPECT_GE(plans.back().bound_cycles, plans.front().bound_cycles);
      EXPECT_LE(static_cast<double>(plans.back().bound_cycles), most);
      if (i == 0) continue;
      EXPECT_LE(energies[i], energies[i - 1]);
      gains[i] += energies[i] < energies[i - 1];
    }
  }
  for (std::size_t i = 1; i < slacks.size(); ++i) EXPECT_GT(gains[i], 0) << slacks[i];
}

/// Blocks that a literal walk over all steps moves: a block changes when a loop outside of it advances.
struct Walked {
  std::array<std::int64_t, kTensorCount> transfers{};
  std::int64_t output_reads = 0;
};

Walked walk(const TilePlan& plan) {
  Walked walked;
  std::array<std::vector<std::int64_t>, kTensorCount> resident;
  std::vector<std::vector<std::int64_t>> written;
  std::array<std::int64_t, kLoopCount> at{};
  for (bool more = true; more;) {
    for (std::size_t t = 0; t < kTensorCount; ++t) {
      const std::size_t outside = kLoopCount - static_cast<std::size_t>(plan.resident_loops[t]);
      const std::vector<std::int64_t> block(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(outside));
      if (walked.transfers[t] != 0 && block == resident[t]) continue;
      resident[t] = block;
      ++walked.transfers[t];
      if (static_cast<Tensor>(t) != Tensor::kOutput) continue;
      std::vector<std::int64_t> outputs = block;  // which outputs: the loops they depend on
      for (std::size_t i = 0; i < outside; ++i)
        outputs[i] = depends_on(plan.problem.pass, Tensor::kOutput, plan.order[i]) ? block[i] : 0;
      const bool seen = std::find(written.begin(), written.end(), outputs) != written.end();
      walked.output_reads += seen;
      if (!seen) written.push_back(outputs);
    }
    more = false;
    for (std::size_t i = kLoopCount; i-- > 0 && !more;) {
      more = ++at[i] < plan.trips[static_cast<std::size_t>(plan.order[i])];
      if (!more) at[i] = 0;
    }
  }
  return walked;
}

TEST(MakePlan, TrafficIsThatOfALiteralWalk) {
  const test::LoadedMachine machine(
      "bitfusion",
      {{"buffers.weight_bytes", "3000"}, {"buffers.activation_bytes", "2500"}, {"buffers.output_bytes", "5000"}});
  Random random(4);
  int compared = 0, reads = 0;
  for (int trial = 0; trial < 40; ++trial) {
    const Problem problem = test::random_problem(random, 70, 8, 4);
    const PassBits bits = test::random_bits(random);
    Order order = kFirstOrder;
    for (std::size_t i = kLoopCount - 1; i > 0; --i)
      std::swap(order[i], order[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(i)))]);
    std::vector<TilePlan> plans;
    for_each_tile(*machine.array, problem, bits, [&](const TileShape& tile) {
      try {
        plans.push_back(make_plan(*machine.array, machine.memory, problem, bits, tile, order));
      } catch (const UserError&) {  // does not fit
      }
    });
    for (const TilePlan& plan : plans) {
      if (plan.steps() > 3000) continue;
      const Walked walked = walk(plan);
      ASSERT_EQ(plan.block_transfers, walked.transfers);
      ASSERT_EQ(plan.output_block_reads, walked.output_reads);
      for (std::size_t t = 0; t < kTensorCount; ++t)
        ASSERT_LE(plan.block_bits[t], machine.memory.capacity(static_cast<Tensor>(t)));
      ++compared;
      reads += walked.output_reads > 0;
    }
  }
  EXPECT_GT(compared, 500);
  EXPECT_GT(reads, 100);
}

TEST(MapProblem, NoTrafficIsBelowTheTensorsThemselves) {
  const test::LoadedMachine machine("bitfusion");
  Random random(5);
  for (int trial = 0; trial < 200; ++trial) {
    const Problem p = test::random_problem(random, 100, 16, 8);
    const PassBits bits = test::random_bits(random);
    const TilePlan plan = machine.map(p, bits);
    const std::int64_t weights = p.stationary_elements() / p.groups * bits.stationary,
                       outputs = p.outputs() / p.groups * 32;
    EXPECT_GE(plan.counts[Action::kDramRead], weights);
    EXPECT_GE(plan.counts[Action::kDramWrite], outputs);
    EXPECT_GE(plan.bound_cycles, plan.compute_cycles);
    EXPECT_EQ(plan.counts[Action::kArrayCycle], plan.compute_cycles * machine.array->pes());
  }
}

TEST(MapProblem, AProblemThatFitsNoBufferIsRefusedByName) {
  const test::LoadedMachine machine("stripes", {{"buffers.output_bytes", "16"}});
  const Problem p = lower(Layer{.name = "c",
                                .in_channels = 64,
                                .out_channels = 256,
                                .in_height = 32,
                                .in_width = 32,
                                .kernel_height = 3,
                                .kernel_width = 3,
                                .padding = 1},
                          Pass::kForward, 1)
                        .front();
  try {
    machine.map(p, {});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "stripes: error: forward of 256 x 64 filters and channels, batch 1, 32x32 outputs, 3x3 taps at 8 and "
                 "8 bits: the smallest tile takes 1024 bits "
                 "of the output buffer, of which a tile may take 64; enlarge buffers.output_bytes");
  }
}

TEST(MapProblem, BitsOutsideOneToSixteenAreRefused) {
  const test::LoadedMachine machine("bitfusion");
  for (const int bits : {0, 17}) {
    try {
      machine.map(Problem{}, {.moving = bits, .stationary = 8});
      FAIL();
    } catch (const UserError& error) {
      EXPECT_EQ(error.what(), "bitfusion: error: forward with operands of " + std::to_string(bits) +
                                  " and 8 bits; allowed: 1 to 16 bits");
    }
  }
}

}  // namespace
}  // namespace ldpsim
