// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/technology.hpp"

#include <gtest/gtest.h>

#include "sim/arch/arch_spec.hpp"
#include "sim/core/error.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

const TechnologyScaling& rule() { return TechnologyScaling::instance(); }

/// Worked out by hand from the published polynomials, to the digits given.
struct Ratio {
  Technology from, to;
  double energy, energy_error, delay;
};

TEST(TechnologyScalings, EnergyAndDelayAreThoseWorkedOutByHand) {
  const Ratio ratios[] = {{{65, 1.1}, {45, 0.9}, 0.416, 5e-4, 0.66}, {{65, 1.1}, {32, 0.9}, 0.272, 5e-4, 0.44},
                          {{65, 1.1}, {16, 0.8}, 0.072, 5e-4, 0.35}, {{65, 1.1}, {7, 0.7}, 0.028, 5e-4, 0.17},
                          {{45, 0.9}, {32, 0.9}, 0.654, 5e-4, 0.66}, {{45, 0.9}, {16, 0.8}, 0.172, 5e-4, 0.53},
                          {{45, 0.9}, {7, 0.7}, 0.068, 5e-4, 0.26}};
  for (const Ratio& ratio : ratios) {
    EXPECT_EQ(rule().nominal_voltage(ratio.from.nm), ratio.from.voltage);
    EXPECT_EQ(rule().nominal_voltage(ratio.to.nm), ratio.to.voltage);
    EXPECT_NEAR(rule().energy_factor(ratio.from, ratio.to), ratio.energy, ratio.energy_error) << text_of(ratio.to);
    EXPECT_NEAR(rule().delay_factor(ratio.from, ratio.to), ratio.delay, 5e-3) << text_of(ratio.to);
    EXPECT_NEAR(rule().energy_factor(ratio.from, ratio.to) * rule().energy_factor(ratio.to, ratio.from), 1, 1e-12);
  }
}

TEST(TechnologyScalings, AreasAreThoseOfTheTable) {
  EXPECT_EQ(rule().area_factor(65, 45), 0.66);
  EXPECT_EQ(rule().area_factor(45, 32), 0.46);
  EXPECT_EQ(rule().area_factor(32, 65), 3.3);
  EXPECT_EQ(rule().area_factor(7, 16), 3.2);
  EXPECT_EQ(rule().area_factor(14, 14), 1);
}

TEST(TechnologyScalings, BetweenTwoNodesItInterpolatesLinearly) {
  EXPECT_EQ(rule().nominal_voltage(28), 0.9);
  const double at_32 = rule().energy_factor({45, 0.9}, {32, 0.9}), at_20 = rule().energy_factor({45, 0.9}, {20, 0.9});
  EXPECT_NEAR(rule().energy_factor({45, 0.9}, {28, 0.9}), (2 * at_32 + at_20) / 3, 1e-12);
  EXPECT_NEAR(rule().area_factor(65, 28), (2 * 0.31 + 0.14) / 3, 1e-12);
  EXPECT_NEAR(rule().area_factor(28, 32), 1 / rule().area_factor(32, 28), 1e-12);
  EXPECT_EQ(rule().area_factor(28, 28), 1);
  EXPECT_EQ(rule().energy_factor({28, 0.9}, {28, 0.9}), 1);
  EXPECT_EQ(rule().interpolation_text(28), " (28 nm between 32 and 20 nm)");
  EXPECT_EQ(rule().interpolation_text(32), "");
}

TEST(TechnologyScalings, SmallerAndLowerVoltageNeverCostsMore) {
  double energy = 2, area = 2;
  for (double nm = 65; nm >= 7; nm -= 1) {
    const double e = rule().energy_factor({65, 1.1}, {nm, rule().nominal_voltage(nm)}), a = rule().area_factor(65, nm);
    EXPECT_LE(e, energy) << nm;
    EXPECT_LE(a, area) << nm;
    energy = e, area = a;
  }
  EXPECT_LT(rule().energy_factor({65, 1.1}, {65, 0.78}), 1);
}

TEST(TechnologyScalings, NodesOutsideAndDamagedFilesAreErrors) {
  EXPECT_THROW(rule().check(5, "x"), UserError);
  EXPECT_THROW(rule().check(90, "x"), UserError);
  const testing_support::ScratchFolder scratch;
  const auto error = [&](const std::string& text) -> std::string {
    try {
      const TechnologyScaling scaling(scratch.write("t.yaml", text));
    } catch (const UserError& e) {
      return std::string(e.what()).substr(scratch.path("").size());
    }
    return "no error";
  };
  const std::string node = "nodes:\n  - {technology_nm: 65, voltage: 1, energy: [1, 2, 3], delay: [1, 2, 3, 4]}\n";
  EXPECT_EQ(error("name: x\n" + node + "area: [[1]]\n"), "no error");
  EXPECT_EQ(error("name: x\n" + node + "area: [[1, 2]]\n"),
            "t.yaml: error: 'area' must have a row and a column for each of 'nodes'");
  EXPECT_EQ(error("name: x\nnodes:\n  - {technology_nm: 65, voltage: 1, energy: [1, 2], delay: [1, 2, 3, 4]}\n"),
            "t.yaml:3: error: 'energy' must be a list of 3 numbers");
  EXPECT_EQ(
      error("name: x\nnode: 1\n"),
      "t.yaml:2: error: unknown key 'node'; did you mean 'nodes'? allowed: name, source, confidence, description, "
      "nodes, area");
}

}  // namespace
}  // namespace ldpsim
