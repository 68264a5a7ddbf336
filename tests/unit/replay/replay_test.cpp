// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/replay.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "sim/datapath/builtin.hpp"
#include "sim/replay/columns.hpp"
#include "sim/replay/simulate.hpp"
#include "tests/unit/replay/made_up.hpp"

namespace ldpsim {
namespace {

using namespace testing_support;
const std::vector<Pass> kPasses(std::begin(kAllPasses), std::end(kAllPasses));

TEST(Replay, HistogramWithMemoryEqualsEveryIterationSimulatedAnew) {
  for (const char* name : {"stripes", "bitfusion"}) {
    const Machine m = machine(name, "per_group");
    const ReplayRun run = made_up_run("resnet20", 2000, 3);
    Pricing remembering(accelerator(), m), forgetful(accelerator(), m, false);
    Random random(4);
    for (int i = 0; i < 100; ++i) {  // 200 over the two machines
      const std::int64_t iteration = random.between(0, run.iterations - 1);
      const BitsHistogram one = run.schedule->histogram(iteration, iteration + 1);
      const ScheduleCost a = price_schedule(remembering, run.workload, one, kPasses),
                         b = price_schedule(forgetful, run.workload, one, kPasses);
      ASSERT_EQ(a.parts.size(), b.parts.size());
      for (std::size_t part = 0; part < a.parts.size(); ++part)
        ASSERT_EQ(a.parts[part].cost, b.parts[part].cost) << name << " " << iteration;
    }
    EXPECT_LT(remembering.simulated(), 400);
    EXPECT_EQ(forgetful.simulated(), 100 * static_cast<std::int64_t>(3 * run.workload.network.layers.size() - 1));
  }
}

TEST(Replay, WholeScheduleEqualsTheSumOfItsIterations) {
  const Machine m = machine("stripes");
  const ReplayRun run = made_up_run("resnet20", 40, 5);
  Pricing remembering(accelerator(), m), forgetful(accelerator(), m, false);
  const ReplayCosts quick = replay(remembering, run, kPasses), slow = replay(forgetful, run, kPasses);
  EXPECT_EQ(quick.training.sum({}, {}).cost, slow.training.sum({}, {}).cost);
  EXPECT_TRUE(quick.training.sum({}, {}).bit_operations == slow.training.sum({}, {}).bit_operations);
  EXPECT_EQ(replay_table(m, run, quick, Detail::kLayer).rows(), replay_table(m, run, slow, Detail::kLayer).rows());
  EXPECT_EQ(saving_table(m, run, quick).rows(), saving_table(m, run, slow).rows());
}

TEST(Replay, RowsAddUpToTheTotal) {
  const Machine m = machine("bitfusion", "per_group");
  const ReplayRun run = made_up_run("resnet20", 50, 6);
  Pricing pricing(accelerator(), m);
  const Table table = replay_table(m, run, replay(pricing, run, kPasses), Detail::kLayer);
  const std::size_t last = table.rows().size() - 1;
  EXPECT_EQ(text(table, last, "layer"), "total");
  EXPECT_EQ(text(table, last, "precision"), "schedule");
  for (const char* column : {"macs", "cycles", "bound_cycles", "dram_read_bits", "compute_cycles"}) {
    std::int64_t sum = 0;
    for (std::size_t row = 0; row < last; ++row) {
      if (text(table, row, "layer") != "total") sum += count(table, row, column);
    }
    EXPECT_EQ(sum, count(table, last, column)) << column;
  }
  for (std::size_t row = 0; row <= last; ++row) {
    std::int64_t causes = 0;
    for (std::size_t i = 0; i < kCauseCount; ++i)
      causes += count(table, row, std::string(name_of(static_cast<Cause>(i))) + "_cycles");
    EXPECT_EQ(causes, count(table, row, "cycles"));
    EXPECT_GE(count(table, row, "cycles"), count(table, row, "bound_cycles"));
    double parts = 0;
    for (const std::string& column : table.columns()) {
      if (column.starts_with("energy_") && column != "energy_pj" && column != "energy_leakage_pj")
        parts += real(table, row, column);
    }
    EXPECT_NEAR(parts, real(table, row, "energy_pj"), 1e-9 * parts);
  }
}

TEST(Replay, StaticRunSavesNothing) {
  const Machine m = machine("stripes");
  ReplayRun run = made_up_run("resnet20", 3, 7);
  run.histogram = static_histogram(run.histogram, 8);
  run.final_bits.assign(run.final_bits.size(), {8, 8, 8});
  Pricing pricing(accelerator(), m);
  const Table savings = saving_table(m, run, replay(pricing, run, kPasses));
  for (std::size_t row = 0; row < savings.rows().size(); ++row) {
    for (const char* column : {"claimed_saving_percent", "cycles_saving_percent", "energy_saving_percent"}) {
      EXPECT_NEAR(real(savings, row, column), 0, 1e-12) << column;
    }
  }
}

TEST(Replay, ScaleGroupsCostOnlyBackwardData) {
  const Machine free = machine("stripes", "free"), per_group = machine("stripes", "per_group");
  const ReplayRun run = made_up_run("resnet20", 5, 8);
  Pricing cheap(accelerator(), free), dear(accelerator(), per_group);
  const ReplayCosts a = replay(cheap, run, kPasses), b = replay(dear, run, kPasses);
  EXPECT_EQ(a.training.sum({}, Pass::kForward).cost, b.training.sum({}, Pass::kForward).cost);
  EXPECT_EQ(a.training.sum({}, Pass::kBackwardWeight).cost, b.training.sum({}, Pass::kBackwardWeight).cost);
  EXPECT_LT(a.training.sum({}, Pass::kBackwardData).cost.cycles(),
            b.training.sum({}, Pass::kBackwardData).cost.cycles());
}

TEST(Replay, FirstLayerHasNoBackwardDataAndFloatLayersAreNamed) {
  const ReplayRun run = made_up_run("resnet20", 2, 9);
  const Machine m = machine("stripes");
  Pricing pricing(accelerator(), m);
  for (const ScheduledPass& part : replay(pricing, run, kPasses).training.parts) {
    EXPECT_FALSE(part.layer == 0 && part.pass == Pass::kBackwardData);
  }
  ASSERT_EQ(run.float_layers.size(), 1u);
  EXPECT_THAT(run_notes(run).back(),
              testing::HasSubstr("charged at 8 bits: " + run.workload.network.layers.back().name));
}

TEST(Replay, NamesTheLayerThatDoesNotFit) {
  register_builtin_pe_arrays();
  ArchSpec arch = load_arch("stripes");
  arch.set("buffers.output_bytes", "16", "test");
  const Machine m(arch);
  Pricing pricing(accelerator(), m);
  const ReplayRun run = made_up_run("resnet20", 1, 10);
  const std::string message = testing_support::message_of([&] { replay(pricing, run, kPasses); });
  EXPECT_THAT(message, testing::HasSubstr("stripes, layer conv1"));
  EXPECT_THAT(message, testing::HasSubstr("buffers.output_bytes"));
}

/// 1e12 iterations: counts of bits and of PE-cycles are beyond 64 bits then.
TEST(Replay, TotalsOfLongRunsAreExact) {
  const std::int64_t many = 1'000'000'000'000;
  const ReplayRun run = made_up_run("resnet20", 1, 11);
  BitsHistogram histogram = run.histogram;
  for (std::vector<BitsCount>& layer : histogram) layer.at(0).iterations = many;
  for (const char* name : {"stripes", "bitfusion"}) {
    const Machine m = machine(name, "per_group");
    Pricing pricing(accelerator(), m);
    const ScheduledPass one = price_schedule(pricing, run.workload, run.histogram, kPasses).sum({}, {}),
                        all = price_schedule(pricing, run.workload, histogram, kPasses).sum({}, {});
    for (const ActionDoc& action : action_docs())
      EXPECT_TRUE(all.cost.counts[action.action] == one.cost.counts[action.action] * many) << action.name;
    EXPECT_TRUE(all.cost.cycles() == one.cost.cycles() * many);
    EXPECT_NEAR(energy_pj(m, all.cost) / energy_pj(m, one.cost), 1e12, 1);
    const Total pe_cycles = all.cost.counts[Action::kArrayCycle];
    EXPECT_GT(pe_cycles, std::numeric_limits<std::int64_t>::max());
    EXPECT_DOUBLE_EQ(std::get<double>(count_cell(pe_cycles)), static_cast<double>(pe_cycles));
  }
  EXPECT_EQ(std::get<std::int64_t>(count_cell(-3)), -3);
}

TEST(Replay, RefusesABatchWhosePassesAreBeyond64Bits) {
  ReplayRun run = made_up_run("resnet20", 1, 12);
  run.workload.batch = 1'000'000'000;
  const Machine m = machine("stripes");
  Pricing pricing(accelerator(), m);
  EXPECT_EQ(testing_support::message_of([&] { replay(pricing, run, kPasses); }),
            "stripes, layer conv1: error: a batch of 1000000000 makes more than 70368744177664 multiply-accumulates or "
            "elements in one pass; allowed: a batch of 1 to 159072862");
}

TEST(Simulate, HasARowForEveryLayerAndPassAndTheTotal) {
  const ReplayRun run = made_up_run("resnet20", 1, 11);
  const Machine m = machine("bitfusion");
  Pricing pricing(accelerator(), m);
  const Table table = simulate_table(pricing, run.workload, run.final_bits, kPasses);
  ASSERT_EQ(table.rows().size(), 3 * run.workload.network.layers.size() - 1 + 1);
  EXPECT_EQ(text(table, table.rows().size() - 1, "layer"), "total");
  std::int64_t cycles = 0;
  for (std::size_t row = 0; row + 1 < table.rows().size(); ++row) cycles += count(table, row, "cycles");
  EXPECT_EQ(cycles, count(table, table.rows().size() - 1, "cycles"));
}

TEST(Columns, EveryColumnOfEveryTableIsDocumentedOnce) {
  std::set<std::string> documented;
  for (const ColumnDoc& doc : column_docs()) {
    EXPECT_TRUE(documented.insert(doc.name).second) << doc.name;
    EXPECT_FALSE(doc.doc.empty()) << doc.name;
  }
  const ReplayRun run = made_up_run("resnet20", 1, 12);
  const Machine m = machine("stripes");
  Pricing pricing(accelerator(), m);
  const ReplayCosts costs = replay(pricing, run, kPasses);
  for (const Table& table : {replay_table(m, run, costs, Detail::kTotal), saving_table(m, run, costs),
                             simulate_table(pricing, run.workload, run.final_bits, kPasses)}) {
    for (const std::string& column : table.columns()) EXPECT_TRUE(documented.count(column) != 0) << column;
  }
}

}  // namespace
}  // namespace ldpsim
