// SPDX-License-Identifier: Apache-2.0
// The figures of the simulator released with Bit Fusion (ISCA 2018), configuration matched to Eyeriss, batch 16.
#include <gtest/gtest.h>

#include "tests/support/csv.hpp"
#include "tests/support/loaded_machine.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kBatch = 16;

Layer layer_of(const test::CsvRow& row) {
  Layer layer;
  layer.name = row.text("layer");
  layer.in_channels = row.integer("in_channels");
  layer.out_channels = row.integer("out_channels");
  layer.kernel_height = layer.kernel_width = row.integer("kernel");
  layer.stride = row.integer("stride");
  layer.in_height = layer.in_width = (row.integer("out") - 1) * layer.stride + layer.kernel_height;
  return layer;
}

TilePlan plan_of(const test::LoadedMachine& machine, const test::CsvRow& row) {
  Problem problem = lower(layer_of(row), Pass::kForward, kBatch).front();
  problem.first_layer = row.integer("first_layer") != 0;
  const PassBits bits{.moving = static_cast<int>(row.integer("activation_bits")),
                      .stationary = static_cast<int>(row.integer("weight_bits"))};
  return machine.map(problem, bits);
}

void expect_exact(const test::LoadedMachine& machine, const std::vector<test::CsvRow>& rows) {
  for (const test::CsvRow& row : rows) {
    const TilePlan plan = plan_of(machine, row);
    const std::string name = row.text("network") + " " + row.text("layer");
    EXPECT_EQ(plan.bound_cycles, row.integer("cycles")) << name;
    EXPECT_EQ(plan.bound_cycles - plan.compute_cycles, row.integer("stall_cycles")) << name;
    EXPECT_EQ(plan.counts[Action::kDramRead], row.integer("dram_read_bits")) << name;
    EXPECT_EQ(plan.counts[Action::kDramWrite], row.integer("dram_write_bits")) << name;
  }
}

TEST(BitFusionRelease, EveryRowIsExact) {
  const auto rows = test::read_csv("published/validation/bit_fusion_release.csv");
  ASSERT_EQ(rows.size(), 61u);
  expect_exact(test::LoadedMachine("bitfusion-eyeriss"), rows);
}

/// The same array and buffers with a DRAM interface of 4096 bits a cycle: other tilings win. Layers with equal figures
/// once.
TEST(BitFusionRelease, EveryRowIsExactWithWideMemory) {
  const auto rows = test::read_csv("published/validation/bit_fusion_release_4096.csv");
  ASSERT_EQ(rows.size(), 48u);
  expect_exact(test::LoadedMachine("bitfusion-eyeriss", {{"dram.bits_per_cycle", "4096"}}), rows);
}

struct Total {
  Cycles cycles = 0;
  double uj = 0, dram = 0, sram = 0, core = 0;
};

Total total_of(const std::string& network) {
  const test::LoadedMachine machine("bitfusion-eyeriss");
  Total total;
  for (const test::CsvRow& row : test::read_csv("published/validation/bit_fusion_release.csv")) {
    if (row.text("network") != network) continue;
    const TilePlan plan = plan_of(machine, row);
    const Energy energy = machine.energy.price(plan.counts, plan.bound_cycles);
    total.cycles += plan.bound_cycles;
    total.uj += energy.total_pj * 1e-6;
    total.core += energy[Action::kArrayCycle] * 1e-6;
    total.dram += (energy[Action::kDramRead] + energy[Action::kDramWrite]) * 1e-6;
  }
  total.sram = total.uj - total.core - total.dram;
  return total;
}

TEST(BitFusionRelease, TotalsAndEnergyShares) {
  for (const test::CsvRow& row : test::read_csv("tests/validation/bit_fusion_totals.csv")) {
    const Total total = total_of(row.text("network"));
    EXPECT_EQ(total.cycles, row.integer("cycles")) << row.text("network");
    EXPECT_NEAR(total.uj, row.real("energy_uj"), 1e-3 * row.real("energy_uj")) << row.text("network");
    EXPECT_NEAR(100 * total.core / total.uj, row.real("core_percent"), 0.06) << row.text("network");
    EXPECT_NEAR(100 * total.sram / total.uj, row.real("sram_percent"), 0.06) << row.text("network");
    EXPECT_NEAR(100 * total.dram / total.uj, row.real("dram_percent"), 0.06) << row.text("network");
  }
}

}  // namespace
}  // namespace ldpsim
