// SPDX-License-Identifier: Apache-2.0
// The clocked machine on the rows of the simulator released with Bit Fusion: ideal overlap is its bound, and it comes
// near.
#include <gtest/gtest.h>

#include "sim/datapath/builtin.hpp"
#include "sim/energy/energy_table.hpp"
#include "tests/support/csv.hpp"
#include "tests/support/machine.hpp"

namespace ldpsim {
namespace {

TilePlan plan_of(const ArchSpec& arch, const PeArray& array, const MemorySpec& memory, const test::CsvRow& row) {
  Layer layer;
  layer.in_channels = row.integer("in_channels");
  layer.out_channels = row.integer("out_channels");
  layer.kernel_height = layer.kernel_width = row.integer("kernel");
  layer.stride = row.integer("stride");
  layer.in_height = layer.in_width = (row.integer("out") - 1) * layer.stride + layer.kernel_height;
  Problem problem = lower(layer, Pass::kForward, 16).front();
  problem.first_layer = row.integer("first_layer") != 0;
  const PassBits bits{.moving = static_cast<int>(row.integer("activation_bits")),
                      .stationary = static_cast<int>(row.integer("weight_bits"))};
  return map_problem(array, memory, EnergyTable::of(arch, array), problem, bits);
}

TEST(BitFusionSimulated, NeverBelowTheReleasedCyclesAndWithinFivePercent) {
  register_builtin_pe_arrays();
  const ArchSpec arch = load_arch("bitfusion-eyeriss");
  const std::unique_ptr<PeArray> array = make_pe_array(arch);
  const MemorySpec memory = MemorySpec::of(arch);
  for (const test::CsvRow& row : test::read_csv("published/validation/bit_fusion_release.csv")) {
    const TilePlan plan = plan_of(arch, *array, memory, row);
    const ModelResult result = test::machine().run(*array, memory, plan);
    const std::string name = row.text("network") + " " + row.text("layer");
    EXPECT_GE(result.stack.total(), row.integer("cycles")) << name;
    EXPECT_LE(static_cast<double>(result.stack.total()), 1.05 * static_cast<double>(row.integer("cycles"))) << name;
  }
}

}  // namespace
}  // namespace ldpsim
