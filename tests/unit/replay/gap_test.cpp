// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/gap.hpp"

#include <gmock/gmock.h>

#include <map>

#include "tests/unit/replay/made_up.hpp"

namespace ldpsim {
namespace {

using namespace testing_support;

/// Shares by cause.
std::map<std::string, double> shares(const Table& gap, const std::string& phase, const std::string& metric) {
  std::map<std::string, double> found;
  for (std::size_t row = 0; row < gap.rows().size(); ++row) {
    if (text(gap, row, "phase") == phase && text(gap, row, "metric") == metric)
      found[text(gap, row, "cause")] = real(gap, row, "share_points");
  }
  return found;
}

double sum(const std::map<std::string, double>& shares) {
  double all = 0;
  for (const auto& [cause, share] : shares) all += share;
  return all;
}

TEST(Gap, SharesAddUpToClaimedMinusRealisedSaving) {
  const ReplayRun run = made_up_run("resnet20", 300, 5);
  for (const char* name : {"stripes", "bitfusion"}) {
    for (const char* rescale : {"free", "per_group"}) {
      const Machine m = machine(name, rescale);
      Pricing pricing(accelerator(), m);
      const ReplayCosts costs = replay(pricing, run, {std::begin(kAllPasses), std::end(kAllPasses)});
      const Table gap = gap_table(accelerator(), pricing, run, costs), saving = saving_table(m, run, costs);
      for (std::size_t row : {0, 1}) {
        const std::string phase = text(saving, row, "phase");
        const double claimed = real(saving, row, "claimed_saving_percent");
        const auto cycles = shares(gap, phase, "cycles"), energy = shares(gap, phase, "energy");
        const char* realised = phase == "training" ? "step_cycles_saving_percent" : "cycles_saving_percent";
        EXPECT_NEAR(sum(cycles), claimed - real(saving, row, realised), 1e-9) << name << " " << rescale << " " << phase;
        EXPECT_NEAR(sum(energy), claimed - real(saving, row, "energy_saving_percent"), 1e-6) << name << " " << phase;
        const bool rescales = std::string(rescale) == "per_group" && phase == "training";
        EXPECT_EQ(std::abs(cycles.at("rescaling")) > 1e-9, rescales) << name << " " << phase;
      }
    }
  }
}

/// What values save has a cause of its own, on machines that look at them alone.
TEST(Gap, ValuesHaveACauseOfTheirOwn) {
  ReplayRun run = made_up_run("resnet20", 3, 7);
  run.values = make_uniform_values(run.workload.network);
  for (const char* name : {"pragmatic", "stripes"}) {
    const Machine m = machine(name, "per_group");
    Pricing pricing(accelerator(), m, true, run.values.get());
    const ReplayCosts costs = replay(pricing, run, {std::begin(kAllPasses), std::end(kAllPasses)});
    const Table gap = gap_table(accelerator(), pricing, run, costs), saving = saving_table(m, run, costs);
    for (const std::size_t row : {0, 1}) {
      const std::string phase = text(saving, row, "phase");
      const auto cycles = shares(gap, phase, "cycles");
      const char* realised = phase == "training" ? "step_cycles_saving_percent" : "cycles_saving_percent";
      EXPECT_NEAR(sum(cycles), real(saving, row, "claimed_saving_percent") - real(saving, row, realised), 1e-9);
      EXPECT_EQ(cycles.count("values"), name == std::string("pragmatic") ? 1u : 0u);
      if (cycles.count("values") != 0) {
        EXPECT_GT(std::abs(cycles.at("values")), 0.1) << phase;
      }
    }
  }
}

TEST(Gap, TheLawOfPrecisionIsThatOfThePublishedArray) {
  // One precision everywhere: Stripes' cycles follow the serial operand, 4 of 8 bits; bit operations claim 3/4.
  ReplayRun run = made_up_run("resnet20", 2, 6);
  for (LayerBits& bits : run.final_bits) bits = {4, 4, 4};
  run.histogram = histogram_of(run.final_bits);
  const auto law_of = [&](const char* name) {
    const Machine m = machine(name, "free");
    Pricing pricing(accelerator(), m);
    const ReplayCosts costs = replay(pricing, run, {std::begin(kAllPasses), std::end(kAllPasses)});
    return shares(gap_table(accelerator(), pricing, run, costs), "inference", "cycles").at("precision_law");
  };
  EXPECT_NEAR(law_of("stripes"), 75 - 50, 1e-9);
  EXPECT_NEAR(law_of("bitfusion"), 0, 1e-9) << "4 bits are a power of two";
}

}  // namespace
}  // namespace ldpsim
