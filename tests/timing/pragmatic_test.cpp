// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/datapath/essential_bits.hpp"
#include "tests/support/random_bricks.hpp"

namespace ldpsim {
namespace {

/// The array event by event, a turn of a loop per cycle: columns with lanes that hold lists of the positions still to
/// be worked off.
class Events {
 public:
  Events(int first_stage_bits, std::int64_t column_registers, TermEncoding encoding)
      : reach_(1 << first_stage_bits), registers_(column_registers), encoding_(encoding) {}

  /// Every pallet against all sets of filters (`rounds`), then the next.
  Cycles run(const test::SampleSteps& sample, std::int64_t rounds) {
    std::vector<test::StepCodes> all;
    for (const auto& pallet : sample)
      for (std::int64_t round = 0; round < rounds; ++round) all.insert(all.end(), pallet.begin(), pallet.end());
    std::size_t columns = 0;
    for (const auto& step : all) columns = std::max(columns, static_cast<std::size_t>(step.rbegin()->first) + 1);
    std::vector<std::size_t> next(columns, 0);  // step that a column begins next
    std::vector<std::vector<std::multiset<int>>> lanes(columns);
    std::vector<bool> busy(columns, false);
    for (Cycles cycle = 0;; ++cycle) {
      for (std::size_t column = 0; column < columns; ++column) {
        while (!busy[column] && next[column] < all.size() && may_begin(next[column], next)) {
          const auto codes = all[next[column]].find(static_cast<std::int64_t>(column));
          if (codes == all[next[column]].end()) {
            ++next[column];  // a step without a window for this column
            continue;
          }
          lanes[column] = lists(codes->second);
          busy[column] = true;
        }
      }
      if (std::none_of(busy.begin(), busy.end(), [](bool b) { return b; })) {
        if (std::all_of(next.begin(), next.end(), [&](std::size_t n) { return n == all.size(); })) return cycle;
        --cycle;  // columns without a window let others begin
        continue;
      }
      for (std::size_t column = 0; column < columns; ++column) {
        if (!busy[column] || !work(lanes[column])) continue;
        busy[column] = false;
        ++next[column];
      }
    }
  }

 private:
  /// With pallet synchronisation all columns have finished every earlier step; with registers, every one but the last
  /// few.
  bool may_begin(std::size_t step, const std::vector<std::size_t>& next) const {
    const std::size_t finished =
        step > static_cast<std::size_t>(registers_) ? step - static_cast<std::size_t>(registers_) : 0;
    return std::all_of(next.begin(), next.end(), [&](std::size_t n) { return n >= finished; });
  }
  std::vector<std::multiset<int>> lists(const std::vector<std::int32_t>& codes) const {
    std::vector<std::multiset<int>> lists;
    for (const std::int32_t code : codes) {
      lists.emplace_back();
      for (int i = 0; i < 32; ++i)
        if ((terms_of(code, encoding_).positions() >> i & 1u) != 0) lists.back().insert(i);
    }
    return lists;
  }
  /// One cycle of a column; true if it was the step's last.
  bool work(std::vector<std::multiset<int>>& lanes) const {
    int lowest = 99;
    for (const auto& lane : lanes)
      if (!lane.empty()) lowest = std::min(lowest, *lane.begin());
    for (auto& lane : lanes)
      if (!lane.empty() && *lane.begin() < lowest + reach_) lane.erase(lane.begin());
    return std::all_of(lanes.begin(), lanes.end(), [](const auto& lane) { return lane.empty(); });
  }

  int reach_;
  std::int64_t registers_;
  TermEncoding encoding_;
};

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); }

/// The tiles of a plan, in whatever order.
std::vector<TileRange> tiles_of(const TilePlan& plan, std::int64_t group) {
  std::vector<TileRange> tiles;
  const TileShape whole = loop_extents(plan.problem);
  for (std::int64_t step = 0; step < plan.steps(); ++step) {
    TileRange tile;
    tile.group = group;
    std::int64_t rest = step;
    for (std::size_t l = 0; l < kLoopCount; ++l) {
      tile.first[l] = rest % plan.trips[l] * plan.tile.extent[l];
      tile.last[l] = std::min(tile.first[l] + plan.tile.extent[l], whole.extent[l]);
      rest /= plan.trips[l];
    }
    tiles.push_back(tile);
  }
  return tiles;
}

TEST(Pragmatic, CyclesEqualAnEventByEventCount) {
  Random random(1610);
  std::array<int, 3> passes{};
  Cycles imbalance = 0, saved = 0;
  for (int trial = 0; trial < 240; ++trial) {
    const bool column = random.between(0, 1) != 0, booth = random.between(0, 1) != 0;
    const std::int64_t stage = random.between(0, 4), registers = random.between(1, 4);
    const test::RandomBricks bricks(random, "pragmatic",
                                    {{"array.first_stage_bits", std::to_string(stage)},
                                     {"array.synchronisation", column ? "column" : "pallet"},
                                     {"array.column_registers", std::to_string(registers)},
                                     {"array.encoding", booth ? "booth" : "bits"}},
                                    test::random_problem(random, 20, 7, 2));
    const Problem& p = bricks.problem;
    const TermEncoding encoding = booth ? TermEncoding::kBoothLike : TermEncoding::kBits;
    Events events(static_cast<int>(stage), column ? registers : 0, encoding);
    Cycles expected = 0;
    std::int64_t terms = 0, skipped = 0;
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (const TileRange& range : tiles_of(bricks.plan, g)) {
        const auto steps = test::steps_of(p, bricks.shape, bricks.operands.moving(), range);
        const std::int64_t sets = up(range.extent(Loop::kFilters), bricks.filters);
        for (const test::SampleSteps& sample : test::samples_of(p, bricks.shape, bricks.operands.moving(), range))
          expected += events.run(sample, sets);
        for (const auto& step : steps)
          for (const auto& [index, codes] : step)
            for (const std::int32_t code : codes) {
              const int count = terms_of(code, encoding).count();
              terms += sets * count;
              skipped += sets * (bricks.bits.moving - count);
            }
      }
    const ModelResult result = bricks.run();
    const Cycles cycles = result.stack[Cause::kCompute] + result.stack[Cause::kImbalance];
    ASSERT_EQ(cycles, expected) << "trial " << trial << ' ' << name_of(p.pass);
    ASSERT_EQ(result.counts[Action::kTerm], terms) << "trial " << trial;
    ASSERT_EQ(result.counts[Action::kSkippedTerm], skipped) << "trial " << trial;
    ++passes[static_cast<std::size_t>(p.pass)];
    imbalance += result.stack[Cause::kImbalance];
    saved += bricks.plan.compute_cycles * p.groups - cycles;
  }
  for (const int count : passes) EXPECT_GT(count, 40);
  EXPECT_GT(imbalance, 0);
  EXPECT_GT(saved, 0);
}

/// One window after the other in two columns, one lane.
TEST(Pragmatic, SynchronisationByHand) {
  const Layer layer{
      .name = "p", .in_channels = 1, .out_channels = 1, .in_height = 1, .in_width = 6, .kernel_height = 1};
  const Problem p = lower(layer, Pass::kForward, 1).front();
  const PassBits bits{.moving = 4, .stationary = 4};
  // pallets (15, 1), (1, 15), (0, 3)
  const QuantisedTensor moving{.shape = {6}, .codes = {15, 1, 1, 15, 0, 3}, .scale = {1}, .offset = {0}};
  const QuantisedTensor stationary{.shape = {1}, .codes = {1}, .scale = {1}, .offset = {0}};
  const auto cost = [&](const char* synchronisation, const char* registers) {
    const test::LoadedMachine machine(
        "pragmatic",
        {{"array.windows", "2"}, {"array.synchronisation", synchronisation}, {"array.column_registers", registers}});
    return machine.array->make_timing(p, bits, {&moving, &stationary})->tile_cost(whole_group(p, 0));
  };
  EXPECT_EQ(cost("pallet", "1").cycles(), 4 + 4 + 2);
  EXPECT_EQ(cost("pallet", "1").compute, 7);  // 13 cycles of work in two columns
  EXPECT_EQ(cost("pallet", "1").imbalance, 3);
  // column 0 ends at 4, 5, 6; column 1 at 1, 5, 7
  EXPECT_EQ(cost("column", "2").cycles(), 7);
  EXPECT_EQ(cost("column", "2").imbalance, 0);
  EXPECT_EQ(cost("pallet", "1").difference[Action::kTerm], 4 + 1 + 1 + 4 + 0 + 2);
  EXPECT_EQ(cost("pallet", "1").difference[Action::kSkippedTerm], 6 * 4 - 12);
}

TEST(Pragmatic, ItsWorstCaseIsStripes) {
  const test::LoadedMachine pragmatic("pragmatic"),
      stripes("stripes", {{"array.serial_backward_weight", "activation"}});
  Random random(3);
  for (int trial = 0; trial < 200; ++trial) {
    const Problem p = test::random_problem(random, 300, 20, 4);
    const PassBits bits = test::random_bits(random);
    // without values, the worst case: every bit is essential
    ASSERT_EQ(pragmatic.array->closed_form_cycles(p, bits), stripes.array->closed_form_cycles(p, bits));
  }
  EXPECT_TRUE(pragmatic.array->value_dependent());
}

}  // namespace
}  // namespace ldpsim
