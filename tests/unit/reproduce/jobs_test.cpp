// SPDX-License-Identifier: Apache-2.0
// Jobs, with a script in the trainer's place.
#include "sim/reproduce/jobs.hpp"

#include <gmock/gmock.h>

#include "tests/unit/reproduce/made_up_experiment.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;
using testing_support::ScratchFolder;

/// What becomes of two runs whose trainer ends like this.
JobsOutcome outcome_of(const std::string& script, std::vector<std::string>& told) {
  const ScratchFolder scratch;
  const Experiment experiment = made_up_experiment(scratch);
  Plan plan = make_plan(experiment, request_in(scratch, 1), describe_as_trainer);
  const std::string trainer = scratch.write("trainer", "#!/bin/sh\n" + script + "\n");
  std::filesystem::permissions(trainer, std::filesystem::perms::owner_all);
  return run_missing(plan, {trainer, 2, 1}, [&](const std::string& line) { told.push_back(line); });
}

TEST(Jobs, ATrainerThatFailsIsNamedWithItsLastLine) {
  std::vector<std::string> told;
  const JobsOutcome outcome = outcome_of("echo first; echo the disk is full >&2; exit 3", told);
  EXPECT_FALSE(outcome.interrupted);
  ASSERT_EQ(outcome.failed.size(), 2u);
  EXPECT_EQ(outcome.failed[0].second, "the disk is full");
  EXPECT_THAT(told, testing::Contains(HasSubstr(": failed: the disk is full")));
}

/// It ends as an interrupted one does, but nobody interrupted the whole.
TEST(Jobs, ATrainerThatSomebodyElseStoppedHasFailed) {
  std::vector<std::string> told;
  const JobsOutcome outcome = outcome_of("echo interrupted after iteration 6; exit 130", told);
  EXPECT_FALSE(outcome.interrupted);
  ASSERT_EQ(outcome.failed.size(), 2u);
  EXPECT_EQ(outcome.failed[0].second, "interrupted after iteration 6");
  EXPECT_EQ(outcome_of("kill -9 $$", told).failed.at(0).second, "ended by signal 9");
}

TEST(Jobs, ATrainerThatEndsWellWithoutItsTraceHasFailed) {
  std::vector<std::string> told;
  EXPECT_EQ(outcome_of("echo done; exit 0", told).failed.size(), 2u);
}

}  // namespace
}  // namespace ldpsim
