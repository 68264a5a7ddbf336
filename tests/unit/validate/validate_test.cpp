// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using ::testing::HasSubstr;
using testing_support::message_of;
using testing_support::ScratchFolder;

constexpr char kTargets[] =
    "source: a paper\n"
    "confidence: found\n"
    "tolerance: 1 %\n"
    "machine: stripes\n"
    "quantity: speedup\n"
    "batch: 16\n"
    "targets:\n"
    "  - {workload: a, expected: 2.5}\n"
    "  - {workload: b, expected: [1.5, 2], tolerance: 0.5 point, unit: GOPS, batch: 4, calibrated: [x, y], remark: r}\n"
    "  - {workload: c, expected: 3, tolerance: exact, confidence: memory}\n";

TEST(Targets, OwnKeysGoBeforeThoseOfTheFile) {
  ScratchFolder folder;
  const std::vector<Target> targets = read_targets("V0", folder.write("v.yaml", kTargets));
  ASSERT_EQ(targets.size(), 3u);
  EXPECT_EQ(targets[0].check, "V0");
  EXPECT_EQ(targets[0].quantity, "speedup");
  EXPECT_EQ(targets[0].least, 2.5);
  EXPECT_EQ(targets[0].most, 2.5);
  EXPECT_EQ(targets[0].tolerance, 1);
  EXPECT_TRUE(targets[0].tolerance_is_relative);
  EXPECT_EQ(targets[0].integer("batch"), 16);
  EXPECT_EQ(targets[1].least, 1.5);
  EXPECT_EQ(targets[1].most, 2);
  EXPECT_EQ(targets[1].tolerance, 0.5);
  EXPECT_FALSE(targets[1].tolerance_is_relative);
  EXPECT_EQ(targets[1].integer("batch"), 4);
  EXPECT_EQ(targets[1].unit, "GOPS");
  EXPECT_EQ(targets[1].calibrated, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(targets[1].remark, "r");
  EXPECT_EQ(targets[2].tolerance, 0);
  EXPECT_EQ(targets[2].confidence, "memory");
}

TEST(Targets, WhatIsWrongIsSaidWithItsPlace) {
  ScratchFolder folder;
  const auto error_of = [&](const std::string& from, const std::string& to) {
    std::string text = kTargets;
    text.replace(text.find(from), from.size(), to);
    const std::string file = folder.write("v.yaml", text);
    return message_of([&] { read_targets("V0", file); }).replace(0, file.size(), "v.yaml");
  };
  EXPECT_EQ(error_of("workload: a, ", ""), "v.yaml:8: error: key 'workload' is missing");
  EXPECT_EQ(error_of("expected: 2.5", "expected: fast"),
            "v.yaml:8: error: 'expected' is no number; allowed: a number, [least, most]");
  EXPECT_EQ(error_of("[1.5, 2]", "[2, 1.5]"), "v.yaml:9: error: 'expected' is an empty range");
  EXPECT_EQ(error_of("0.5 point", "0.5"),
            "v.yaml:9: error: 'tolerance' is '0.5'; allowed: exact, e.g. '1 %', e.g. '0.5 point'");
  EXPECT_EQ(error_of("confidence: memory", "confidence: sure"),
            "v.yaml:10: error: 'confidence' is 'sure'; allowed: found, memory, derived");
  EXPECT_EQ(error_of("targets:", "target:"),
            "v.yaml: error: there is no list 'targets'; expected a file of published figures");
}

TEST(Targets, AKeyThatItsCheckReadsMustBeThereAndANumber) {
  ScratchFolder folder;
  const Target target = read_targets("V0", folder.write("v.yaml", kTargets)).front();
  EXPECT_THAT(message_of([&] { static_cast<void>(target.text("network")); }),
              HasSubstr("v.yaml:8: error: key 'network' is missing; check V0 reads it"));
  EXPECT_THAT(message_of([&] { static_cast<void>(target.real("workload")); }),
              HasSubstr("'workload' is 'a'; expected a number"));
}

Target target_of(double least, double most, double tolerance, bool relative) {
  Target target;
  target.least = least;
  target.most = most;
  target.tolerance = tolerance;
  target.tolerance_is_relative = relative;
  return target;
}

TEST(Judge, DifferencesAreFromTheNearerEndAndInTheTolerancesUnit) {
  EXPECT_NEAR(judge(target_of(200, 200, 1, true), 201).difference, 0.5, 1e-12);
  EXPECT_TRUE(judge(target_of(200, 200, 1, true), 198).holds);
  EXPECT_FALSE(judge(target_of(200, 200, 1, true), 197.9).holds);
  EXPECT_NEAR(judge(target_of(80, 80, 1, false), 81.5).difference, 1.5, 1e-12);
  EXPECT_FALSE(judge(target_of(80, 80, 1, false), 81.5).holds);
  EXPECT_EQ(judge(target_of(1.3, 1.35, 0, true), 1.32).difference, 0);
  EXPECT_TRUE(judge(target_of(1.3, 1.35, 0, true), 1.35).holds);
  EXPECT_FALSE(judge(target_of(1.3, 1.35, 0, true), 1.3501).holds);
  EXPECT_NEAR(judge(target_of(1, 2, 5, true), 0.9).difference, -10, 1e-12);
  EXPECT_FALSE(judge(target_of(1, 2, 5, true), std::numeric_limits<double>::quiet_NaN()).holds);
}

TEST(Checks, HaveIdsOfTheirOwnAndTargets) {
  std::set<std::string> ids;
  for (const Check& check : builtin_checks()) {
    EXPECT_TRUE(ids.insert(check.id).second) << check.id;
    EXPECT_FALSE(read_targets(check.id, validation_file(check.data + ".yaml")).empty()) << check.id;
  }
}

TEST(Validate, AnUnknownCheckNamesTheKnownOnes) {
  Accelerator accelerator;
  Bench bench(accelerator);
  EXPECT_THAT(message_of([&] {
                validate(bench, {"V3", "W3"});
              }),
              HasSubstr("--only: error: there is no check 'W3'; did you mean 'V3'? allowed: V1, V2"));
}

/// The released rows are counted: 61 and 48, four figures each.
TEST(Validate, V1CoversEveryReleasedRow) {
  double narrow = 0, wide = 0;
  for (const Target& target : read_targets("V1", validation_file("bit-fusion-rows.yaml"))) {
    if (target.text("figure") != "rows") continue;
    (target.has("dram_bits_per_cycle") ? wide : narrow) += target.least;
  }
  EXPECT_EQ(narrow, 4 * 61);
  EXPECT_EQ(wide, 4 * 48);
}

TEST(Validate, EveryPublishedFigureHolds) {
  Accelerator accelerator;
  Bench bench(accelerator);
  const std::vector<Outcome> outcomes = validate(bench, {});
  EXPECT_GE(outcomes.size(), 44u);
  for (const Outcome& outcome : outcomes) {
    EXPECT_TRUE(outcome.holds) << outcome.target.check << " " << outcome.target.workload << ": "
                               << outcome.target.quantity << " is " << outcome.got;
  }
}

TEST(GeometricMean, OfPowersOfTwo) { EXPECT_NEAR(geometric_mean({1, 2, 4}), 2, 1e-12); }

}  // namespace
}  // namespace ldpsim
