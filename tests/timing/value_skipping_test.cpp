// SPDX-License-Identifier: Apache-2.0
// Machines that skip values: their cycles and counts, event by event, in another style; and the clocked machine.
#include <gtest/gtest.h>

#include "sim/datapath/expected_values.hpp"
#include "sim/datapath/float_data.hpp"
#include "tests/support/loaded_machine.hpp"
#include "tests/support/machine.hpp"
#include "tests/support/made_up_operands.hpp"

namespace ldpsim {
namespace {

struct Count {
  Cycles cycles = 0;
  std::int64_t worked = 0, skipped = 0, tables = 0;
};

std::int64_t up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The windows (or filters) of one whole group, as lists of what each meets in the table operand; -1 for padding.
std::vector<std::vector<std::int64_t>> rows_of(const Problem& p, bool windows) {
  std::vector<std::vector<std::int64_t>> rows;
  if (windows) {
    for (std::int64_t b = 0; b < p.batch; ++b)
      for (std::int64_t y = 0; y < p.out_height; ++y)
        for (std::int64_t x = 0; x < p.out_width; ++x) {
          rows.emplace_back();
          for (const test::Pair& pair : test::reduction_of(p, b, 0, 0, y, x)) rows.back().push_back(pair.moving);
        }
  } else {
    for (std::int64_t f = 0; f < p.filters; ++f) {
      rows.emplace_back();
      for (const test::Pair& pair : test::reduction_of(p, 0, 0, f, 0, 0)) rows.back().push_back(pair.stationary);
    }
  }
  return rows;
}

/// Sets of rows side by side: `width` at a time, of one sample unless flat.
std::vector<std::vector<std::size_t>> sets_of(std::size_t rows, std::int64_t width, std::int64_t sample, bool flat) {
  std::vector<std::vector<std::size_t>> sets;
  for (std::size_t row = 0; row < rows; ++row) {
    const bool fresh = sets.empty() || static_cast<std::int64_t>(sets.back().size()) == width ||
                       (!flat && static_cast<std::int64_t>(row) % sample == 0);
    if (fresh) sets.emplace_back();
    sets.back().push_back(row);
  }
  return sets;
}

/// HRI: 24 rows of 4 tables of 3 (or 4) inputs, 12 ports, tables of 8 cycles for 96 outputs.
Count hri_count(const test::Case& c, bool windows_are_rows, double threshold) {
  const Problem& p = c.problem;
  const QuantisedTensor& table = windows_are_rows ? c.moving : c.stationary;
  const int serial_bits = windows_are_rows ? c.bits.stationary : c.bits.moving;
  const std::int64_t inputs = serial_bits == 1 ? 4 : 3, windows = p.out_height * p.out_width;
  const bool flat = p.pass == Pass::kBackwardWeight || windows == 1;
  const std::int64_t reach = static_cast<std::int64_t>(std::floor(threshold * ((1 << table.bits) - 1)));
  const auto is_near_zero = [&](std::int64_t element) {
    const std::size_t at = static_cast<std::size_t>(element),
                      channel = table.scale.size() == 1 ? 0 : at / (table.codes.size() / table.scale.size());
    const double steps = (table.codes[at] * table.scale[channel] + table.offset[channel]) / table.scale[channel];
    return std::abs(std::llround(steps)) <= reach;
  };
  // what a step costs, and how often a row's tables are built
  std::int64_t serial_rows = p.filters, times = 1;
  if (!windows_are_rows) {
    serial_rows = flat ? p.batch * windows : windows;
    times = flat ? 1 : p.batch;
  }
  Cycles step = 0;
  for (std::int64_t first = 0; first < serial_rows; first += 96)
    step += times * std::max<Cycles>(8, up(std::min<std::int64_t>(96, serial_rows - first), 12) * serial_bits);
  const std::int64_t builds = times * up(serial_rows, 96);
  const auto rows = rows_of(p, windows_are_rows);
  Count count;
  std::vector<std::int64_t> steps;
  for (const auto& row : rows) {
    std::int64_t left = 0;
    for (const std::int64_t element : row) left += element >= 0 && !is_near_zero(element);
    count.worked += left * builds;
    count.skipped += (static_cast<std::int64_t>(row.size()) - left) * builds;
    count.tables += up(left, inputs) * builds;
    steps.push_back(std::max<std::int64_t>(1, up(up(left, inputs), 4)));
  }
  for (const auto& set : sets_of(rows.size(), 24, windows, flat || !windows_are_rows)) {
    std::int64_t most = 0;
    for (const std::size_t row : set) most = std::max(most, steps[row]);
    count.cycles += most * step;
  }
  return count;
}

TileRange group_of(const Problem& p) { return whole_group(p, 0); }

TEST(ValueSkipping, HriTakesTheCyclesOfTheInputsThatAreLeft) {
  Random random(36);
  int faster = 0;
  for (const bool windows_are_rows : {true, false})
    for (const char* threshold : {"0", "0.1"}) {
      const test::LoadedMachine machine("hri",
                                        {{"array.serial_forward", windows_are_rows ? "weight" : "activation"},
                                         {"array.serial_backward_data", windows_are_rows ? "weight" : "gradient"},
                                         {"array.serial_backward_weight", windows_are_rows ? "gradient" : "activation"},
                                         {"array.skip_threshold", threshold},
                                         {"rescale", "free"}});
      for (int trial = 0; trial < 80; ++trial) {
        const test::Case c = test::sparse_case(
            random, {static_cast<int>(random.between(1, 10)), static_cast<int>(random.between(1, 10))});
        const Count want = hri_count(c, windows_are_rows, std::stod(threshold));
        const TileCost cost =
            machine.array->make_timing(c.problem, c.bits, c.operands())->tile_cost(group_of(c.problem));
        const Cycles worst = machine.array->closed_form_cycles(c.problem, c.bits);
        ASSERT_EQ(cost.cycles(), want.cycles) << "trial " << trial;
        ASSERT_LE(cost.cycles(), worst);
        ASSERT_GE(cost.imbalance, 0);
        ASSERT_EQ(cost.difference[Action::kTerm], want.worked);
        ASSERT_EQ(cost.difference[Action::kSkippedTerm], want.skipped);
        const ActionCounts all = machine.array->overhead_actions(c.problem, c.bits);
        const std::int64_t entry = 8 * ((windows_are_rows ? c.bits.moving : c.bits.stationary) + 2);
        ASSERT_EQ(all[Action::kTableWrite] + cost.difference[Action::kTableWrite], want.tables * entry);
        faster += cost.cycles() < worst;
      }
    }
  EXPECT_GT(faster, 100);
}

/// With threshold 0 nothing changes; above, the integer sums are those of operands with zero codes for small values.
TEST(ValueSkipping, HriComputesWithoutTheInputsNearZero) {
  Random random(12);
  int changed = 0;
  for (const char* threshold : {"0", "0.1"}) {
    const test::LoadedMachine machine("hri", {{"array.skip_threshold", threshold}});
    for (int trial = 0; trial < 60; ++trial) {
      test::Case c = test::sparse_case(random, {static_cast<int>(random.between(4, 8)), 5});
      if (c.problem.scale_per_channel) {  // sums over channels with scales of their own have no one value
        c.problem.scale_per_channel = false;
        c.stationary.scale.resize(1);
        c.stationary.offset.resize(1);
      }
      const auto task = machine.array->make_task(c.problem, c.bits, c.operands());
      test::walk_random_tiles(random, c.problem, *task);
      const auto expected = machine.array->expected_values(c.problem, c.bits, c.operands());
      PassOperands left = c.operands();
      if (expected->moving) left.moving = &*expected->moving;
      if (expected->stationary) left.stationary = &*expected->stationary;
      const auto exact = reference_sums(c.problem, c.operands()).products;
      ASSERT_EQ(task->sums().products, reference_sums(c.problem, left).products);
      if (threshold == std::string("0")) {
        ASSERT_EQ(task->sums().products, exact);
      }
      changed += task->sums().products != exact;
    }
  }
  EXPECT_GT(changed, 20);
}

/// LNPU: 24 lines of 32 multipliers; two narrow products a cycle, 48 zeros a cycle.
Cycles lnpu_cycles(const test::Case& c, const FloatRules& rules, bool balanced) {
  const Problem& p = c.problem;
  const FloatData moving = float_data(c.moving, rules), stationary = float_data(c.stationary, rules);
  const auto wide = [](const FloatData& data, std::int64_t i) {
    return data.is_wide[static_cast<std::size_t>(i)] != 0;
  };
  const std::int64_t windows = p.out_height * p.out_width;
  const bool flat = p.pass == Pass::kBackwardWeight || windows == 1;
  const auto rows = rows_of(p, true), filters = rows_of(p, false);
  Cycles cycles = 0;
  for (std::int64_t first = 0; first < p.filters; first += 32) {
    std::vector<std::int64_t> work;  // in 96ths of a cycle
    for (const auto& row : rows) {
      std::int64_t sum = 0;
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (row[i] < 0 || moving.numbers[static_cast<std::size_t>(row[i])].significand == 0) {
          sum += 2;
          continue;
        }
        bool any_wide = wide(moving, row[i]);
        for (std::int64_t f = first; f < std::min(first + 32, p.filters); ++f)
          any_wide = any_wide || wide(stationary, filters[static_cast<std::size_t>(f)][i]);
        sum += any_wide ? 96 : 48;
      }
      work.push_back(sum);
    }
    std::int64_t all = 0;
    for (const std::int64_t sum : work) all += sum;
    if (balanced) {
      cycles += std::max<Cycles>(1, up(all, 96 * 24));
      continue;
    }
    for (const auto& set : sets_of(work.size(), 24, windows, flat)) {
      std::int64_t most = 0;
      for (const std::size_t line : set) most = std::max(most, work[line]);
      cycles += std::max<Cycles>(1, up(most, 96));
    }
  }
  return cycles;
}

TEST(ValueSkipping, LnpuTakesTheCyclesOfItsDataAndZeros) {
  Random random(77);
  int faster = 0;
  for (const char* balancer : {"none", "ideal"})
    for (const char* rule : {"window", "exact"}) {
      const test::LoadedMachine machine("lnpu", {{"array.balancer", balancer}, {"array.fp8_rule", rule}});
      FloatRules rules;
      rules.rule = rule == std::string("window") ? NarrowRule::kWindow : NarrowRule::kExact;
      for (int trial = 0; trial < 80; ++trial) {
        const test::Case c = test::sparse_case(
            random, {static_cast<int>(random.between(1, 10)), static_cast<int>(random.between(1, 10))});
        const TileCost cost =
            machine.array->make_timing(c.problem, c.bits, c.operands())->tile_cost(group_of(c.problem));
        ASSERT_EQ(cost.cycles(), lnpu_cycles(c, rules, balancer == std::string("ideal"))) << "trial " << trial;
        const Cycles worst = machine.array->closed_form_cycles(c.problem, c.bits);
        ASSERT_LE(cost.cycles(), worst);
        faster += cost.cycles() < worst;
      }
    }
  EXPECT_GT(faster, 200);
}

/// The clocked machine adds up what the tiles cost.
TEST(ValueSkipping, TheClockedMachineTakesTheCyclesOfItsTiles) {
  Random random(5);
  for (const char* name : {"hri", "lnpu"}) {
    const test::LoadedMachine machine(name);
    for (int trial = 0; trial < 40; ++trial) {
      test::Case c = test::sparse_case(random, {6, 5});
      const TilePlan plan = machine.map(c.problem, c.bits);
      const auto timing = machine.array->make_timing(c.problem, c.bits, c.operands());
      const auto task = machine.array->make_task(c.problem, c.bits, c.operands());
      const ModelResult result =
          test::machine().run(*machine.array, machine.memory, plan, task.get(), {.values = timing.get()});
      const Cycles busy = result.stack[Cause::kCompute] + result.stack[Cause::kImbalance];
      ASSERT_LE(busy, plan.compute_cycles * c.problem.groups);
      ASSERT_EQ(result.counts[Action::kArrayCycle], busy * machine.array->pes());
      if (plan.steps() > 1) continue;
      Cycles sum = 0;
      for (std::int64_t g = 0; g < c.problem.groups; ++g) sum += timing->tile_cost(whole_group(c.problem, g)).cycles();
      ASSERT_EQ(busy, sum);
    }
  }
}

}  // namespace
}  // namespace ldpsim
