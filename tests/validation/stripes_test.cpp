// SPDX-License-Identifier: Apache-2.0
// Stripes (MICRO 2016) against its bit-parallel baseline DaDianNao, convolutions of one image. Precisions: the paper's
// profiles. Expected figures: the closed formulas of both machines on these layers; "recalled" are the ideals as the
// paper gives them.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/csv.hpp"
#include "tests/support/loaded_machine.hpp"

namespace ldpsim {
namespace {

Layer layer_of(const test::CsvRow& row) {
  Layer layer;
  layer.name = row.text("layer");
  layer.groups = row.integer("groups");
  layer.in_channels = row.integer("channels") * layer.groups;
  layer.out_channels = row.integer("filters") * layer.groups;
  layer.kernel_height = layer.kernel_width = row.integer("kernel");
  layer.stride = row.integer("stride");
  layer.in_height = layer.in_width = (row.integer("out") - 1) * layer.stride + layer.kernel_height;
  return layer;
}

/// 16 bits in parallel: 256 filters x 16 channels a cycle, one window; the strided first layer rearranged like on
/// Stripes.
Cycles dadn_cycles(const test::CsvRow& row) {
  std::int64_t channels = row.integer("channels"), kernel = row.integer("kernel");
  if (const std::int64_t stride = row.integer("stride"); stride > 1 && row.integer("first_layer") != 0) {
    channels *= stride * stride;
    kernel = ceil_div(kernel, stride);
  }
  const std::int64_t windows = row.integer("out") * row.integer("out");
  return row.integer("groups") * ceil_div(row.integer("filters"), 256) * windows * kernel * kernel *
         ceil_div(channels, 16);
}

Cycles stripes_cycles(const test::LoadedMachine& machine, const test::CsvRow& row, const std::string& profile) {
  Problem problem = lower(layer_of(row), Pass::kForward, 1).front();
  problem.first_layer = row.integer("first_layer") != 0;
  const PassBits bits{.moving = static_cast<int>(row.integer("bits_" + profile)), .stationary = 16};
  return problem.groups * machine.array->closed_form_cycles(problem, bits);
}

struct Sums {
  double dadn = 0, ideal = 0, stripes = 0;  ///< cycles; ideal: every layer exactly bits/16 of the baseline
};

Sums sums_of(const std::string& network, const std::string& profile) {
  const test::LoadedMachine machine("stripes", {{"array.first_layer", "space_to_depth"}});
  Sums sums;
  for (const test::CsvRow& row : test::read_csv("tests/validation/stripes_layers.csv")) {
    if (row.text("network") != network) continue;
    const double dadn = static_cast<double>(dadn_cycles(row));
    sums.dadn += dadn;
    sums.ideal += dadn * row.real("bits_" + profile) / 16;
    sums.stripes += static_cast<double>(stripes_cycles(machine, row, profile));
  }
  return sums;
}

TEST(StripesPublished, CyclesOfEveryLayer) {
  const test::LoadedMachine machine("stripes", {{"array.first_layer", "space_to_depth"}});
  const auto layers = test::read_csv("tests/validation/stripes_layers.csv");
  int compared = 0;
  for (const test::CsvRow& expected : test::read_csv("tests/validation/stripes_cycles.csv")) {
    for (const test::CsvRow& row : layers) {
      if (row.text("network") != expected.text("network") || row.text("layer") != expected.text("layer")) continue;
      EXPECT_EQ(dadn_cycles(row), expected.integer("dadn_cycles")) << row.text("network") << ' ' << row.text("layer");
      EXPECT_EQ(stripes_cycles(machine, row, "100"), expected.integer("stripes_cycles"))
          << row.text("network") << ' ' << row.text("layer");
      ++compared;
    }
  }
  EXPECT_EQ(compared, 5 + 16);
}

TEST(StripesPublished, IdealSpeedups) {
  for (const test::CsvRow& row : test::read_csv("tests/validation/stripes_ideals.csv")) {
    for (const std::string profile : {"100", "99"}) {
      const Sums sums = sums_of(row.text("network"), profile);
      const double ideal = sums.dadn / sums.ideal;
      EXPECT_NEAR(ideal, row.real("ideal_" + profile), 0.0051) << row.text("network") << " at " << profile << " %";
      if (row.text("recalled_" + profile) == "-") continue;  // the paper's mapping of this conv1 is not known
      EXPECT_NEAR(ideal, row.real("recalled_" + profile), 0.01 * ideal)
          << row.text("network") << " at " << profile << " %";
    }
  }
}

TEST(StripesPublished, SpeedupsWithoutOverheadAndTheirMean) {
  double product = 1;
  int networks = 0;
  for (const test::CsvRow& row : test::read_csv("tests/validation/stripes_ideals.csv")) {
    for (const std::string profile : {"100", "99"}) {
      if (row.text("speedup_" + profile) == "-") continue;
      const Sums sums = sums_of(row.text("network"), profile);
      EXPECT_NEAR(sums.dadn / sums.stripes, row.real("speedup_" + profile), 0.0051)
          << row.text("network") << " at " << profile << " %";
      if (profile == "100") {
        product *= sums.dadn / sums.stripes;
        ++networks;
      }
    }
  }
  ASSERT_EQ(networks, 6);
  EXPECT_NEAR(std::pow(product, 1.0 / networks), 1.85, 0.02 * 1.85);  // 2.6 / 1.4, from the abstract of Bit-Pragmatic
}

}  // namespace
}  // namespace ldpsim
