// SPDX-License-Identifier: Apache-2.0
// Stripes (MICRO 2016) against its bit-parallel baseline DaDianNao, convolutions of one image, at the paper's precision
// profiles. The expected cycles and speedups are those of the closed formulas of both machines; what the paper itself
// gives is in published/validation/.
#include <gtest/gtest.h>

#include "sim/workload/network_csv.hpp"
#include "tests/support/csv.hpp"
#include "tests/support/loaded_machine.hpp"

namespace ldpsim {
namespace {

NetworkTable network_of(const std::string& name, const std::string& profile = "") {
  const std::string folder = std::string(LDPSIM_SOURCE_DIR) + "/networks/";
  NetworkTable table = read_network_csv(folder + name + ".csv");
  if (!profile.empty()) apply_profile(table, folder + "profiles/" + profile + "/" + name + ".csv");
  return table;
}

/// 16 bits in parallel: 256 filters x 16 channels a cycle, one window; the strided first layer rearranged like on
/// Stripes.
Cycles dadn_formula(const Layer& layer, bool first_layer) {
  std::int64_t channels = layer.in_channels / layer.groups, kernel = layer.kernel_height;
  if (layer.stride > 1 && first_layer) {
    channels *= layer.stride * layer.stride;
    kernel = ceil_div(kernel, layer.stride);
  }
  return layer.groups * ceil_div(layer.out_channels / layer.groups, 256) * layer.out_height() * layer.out_width() *
         kernel * kernel * ceil_div(channels, 16);
}

/// Both machines with a strided first layer rearranged.
struct Machines {
  test::LoadedMachine stripes{"stripes", {{"array.first_layer", "space_to_depth"}}};
  test::LoadedMachine dadn{"dadiannao", {{"array.first_layer", "space_to_depth"}}};
};

Cycles cycles_of(const test::LoadedMachine& machine, const NetworkTable& table, std::size_t layer) {
  Problem problem = lower(table.network.layers[layer], Pass::kForward, 1).front();
  problem.first_layer = reads_network_input(table.network, layer);
  return problem.groups *
         machine.array->closed_form_cycles(problem, {.moving = table.bits[layer].activation, .stationary = 16});
}

TEST(StripesPublished, CyclesOfEveryLayer) {
  const Machines machines;
  for (const test::CsvRow& expected : test::read_csv("tests/validation/stripes_cycles.csv")) {
    const NetworkTable table = network_of(expected.text("network"));
    const std::string name = expected.text("network") + ' ' + expected.text("layer");
    std::size_t i = 0;
    while (i < table.bits.size() && table.network.layers[i].name != expected.text("layer")) ++i;
    ASSERT_LT(i, table.bits.size()) << name;
    EXPECT_EQ(cycles_of(machines.dadn, table, i), expected.integer("dadn_cycles")) << name;
    EXPECT_EQ(dadn_formula(table.network.layers[i], i == 0), expected.integer("dadn_cycles")) << name;
    EXPECT_EQ(cycles_of(machines.stripes, table, i), expected.integer("stripes_cycles")) << name;
  }
}

TEST(StripesPublished, SpeedupsWithoutOverhead) {
  const Machines machines;
  int compared = 0;
  for (const test::CsvRow& row : test::read_csv("tests/validation/stripes_speedups.csv")) {
    for (const std::string profile : {"", "stripes-99"}) {
      const NetworkTable table = network_of(row.text("network"), profile);
      double dadn = 0, stripes = 0;
      for (std::size_t i = 0; i < table.bits.size(); ++i) {
        if (table.network.layers[i].kind != LayerKind::kConv) continue;
        dadn += static_cast<double>(dadn_formula(table.network.layers[i], i == 0));
        stripes += static_cast<double>(cycles_of(machines.stripes, table, i));
      }
      EXPECT_NEAR(dadn / stripes, row.real(profile.empty() ? "speedup_100" : "speedup_99"), 0.0051)
          << row.text("network") << ' ' << profile;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 6 * 2);
}

/// The paper's smallest and largest speedups, 1.30 and 4.51, are those of a drain of 15 cycles for every pallet of
/// windows and set of filters.
TEST(StripesPublished, FifteenCyclesAPalletGiveTheExtremes) {
  const Machines machines;
  const test::LoadedMachine draining("stripes",
                                     {{"array.first_layer", "space_to_depth"}, {"array.pallet_drain_cycles", "15"}});
  const auto speedup = [&](const std::string& network) {
    const NetworkTable table = network_of(network);
    double dadn = 0, stripes = 0;
    for (std::size_t i = 0; i < table.bits.size(); ++i) {
      const Layer& layer = table.network.layers[i];
      if (layer.kind != LayerKind::kConv) continue;
      const Problem problem = lower(layer, Pass::kForward, 1).front();
      const Cycles drain =
          problem.groups * draining.array->tile_overhead(problem, {}, loop_extents(problem)).fill_drain;
      EXPECT_EQ(drain, 15 * problem.groups * ceil_div(problem.filters, 256) *
                           ceil_div(problem.out_height * problem.out_width, 16));
      dadn += static_cast<double>(cycles_of(machines.dadn, table, i));
      stripes += static_cast<double>(cycles_of(draining, table, i) + drain);
    }
    return dadn / stripes;
  };
  EXPECT_NEAR(speedup("vgg19"), 1.31, 0.0051);
  EXPECT_NEAR(speedup("lenet"), 4.51, 0.0051);
}

}  // namespace
}  // namespace ldpsim
