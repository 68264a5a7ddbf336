// SPDX-License-Identifier: Apache-2.0
// Trainings that are killed and go on end as undisturbed ones do.
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <set>

#include "tests/support/trainer_run.hpp"

namespace ldpsim {
namespace {

using namespace testing_support;
using testing::HasSubstr;
namespace fs = std::filesystem;

TEST_F(TrainerRun, RepeatsAndSurvivesBeingKilled) {
  const Outcome first = run("a.trace", kLdp);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("iterations                24"));
  const std::string expected = dump(path("a.trace"));

  ASSERT_EQ(run("other.trace", joined(kLdp, {"--seed", "2"})).code, 0);
  EXPECT_NE(dump(path("other.trace")), expected);

  run_until_killed("b.trace", kLdp);
  EXPECT_LT(TraceReader(path("b.trace")).iteration_count(), 24);
  const Words resumed = joined(kLdp, {"--resume"});
  const Outcome ending = run("b.trace", resumed);
  ASSERT_EQ(ending.code, 0) << ending.err;
  EXPECT_EQ(dump(path("b.trace")), expected);

  // Nothing is left to do the third time, and that is not an error.
  ASSERT_EQ(run("b.trace", resumed).code, 0);
  EXPECT_EQ(dump(path("b.trace")), expected);

  const Outcome refused = run("b.trace", joined(resumed, {"--lr", "0.2"}));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("belongs to a run with learning_rate = '0.1', not '0.2'"));

  fs::resize_file(path("b.trace.ckpt"), fs::file_size(path("b.trace.ckpt")) / 2);
  const Outcome damaged = run("b.trace", resumed);
  EXPECT_EQ(damaged.code, 3);
  EXPECT_EQ(damaged.err,
            path("b.trace.ckpt") + ": error: is not a checkpoint that this program can read; --force starts anew\n");
}

TEST_F(TrainerRun, KilledItLosesTheStepUnderWayOnly) {
  const Words words = {"--method",           "ldp", "--bits",       "3:8", "--budget",         "0.35",
                       "--precision-lr",     "20",  "--iterations", "80",  "--evaluate-every", "13",
                       "--checkpoint-every", "1000"};
  ASSERT_EQ(run("undisturbed.trace", words).code, 0);

  // Every step replaces the file: as many as were seen, so many steps must be done.
  RunningProgram program(arguments("killed.trace", words));
  std::set<std::pair<time_t, long>> seen;
  const auto saw_twenty = [&] {
    struct stat found {};
    if (stat(path("killed.trace.ckpt.step").c_str(), &found) == 0)
      seen.emplace(found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
    return seen.size() >= 20;
  };
  EXPECT_TRUE(program.runs_until(saw_twenty, std::chrono::microseconds(100)));
  program.signal(SIGKILL);
  program.wait();
  EXPECT_FALSE(fs::exists(path("killed.trace.ckpt")));
  const Outcome ending = run("killed.trace", joined(words, {"--resume"}));
  ASSERT_EQ(ending.code, 0) << ending.err;
  int next = 0;
  ASSERT_EQ(std::sscanf(ending.err.c_str(), "goes on at iteration %d of 80", &next), 1) << ending.err;
  EXPECT_GE(next, static_cast<int>(seen.size()));
  EXPECT_LT(next, 80);
  EXPECT_EQ(dump(path("killed.trace")), dump(path("undisturbed.trace")));
  EXPECT_FALSE(fs::exists(path("killed.trace.ckpt.step"))) << "of no use any more";
}

/// Neither of a trace and its checkpoint is worth anything alone, and neither may be thrown away because of that.
TEST_F(TrainerRun, RefusesToGoOnWithHalfOfARun) {
  const Words words = {"--method", "static", "--bits", "8", "--iterations", "6", "--evaluate-every", "0"},
              resumed = joined(words, {"--resume"});
  ASSERT_EQ(run("half.trace", words).code, 0);
  const std::string trace = path("half.trace"), checkpoint = trace + ".ckpt", recorded = dump(trace);

  fs::rename(checkpoint, path("kept"));
  const Outcome untrained = run("half.trace", resumed);
  EXPECT_EQ(untrained.code, 3);
  EXPECT_EQ(untrained.err,
            trace + ": error: has 6 iterations, but " + checkpoint + " is missing; --force starts anew\n");
  EXPECT_EQ(dump(trace), recorded);

  fs::rename(path("kept"), checkpoint);
  fs::rename(trace, path("kept.trace"));
  for (const Words& again : {words, resumed}) {
    const Outcome unrecorded = run("half.trace", again);
    EXPECT_EQ(unrecorded.code, 2);
    EXPECT_EQ(unrecorded.err, trace + ": error: is missing, but its checkpoint " + checkpoint +
                                  " is there; --resume continues that run once its trace is back, --force starts anew "
                                  "without either\n");
    EXPECT_FALSE(fs::exists(trace));
  }
  fs::rename(path("kept.trace"), trace);
  EXPECT_EQ(run("half.trace", resumed).code, 0);
  EXPECT_EQ(dump(trace), recorded);
  EXPECT_EQ(run("half.trace", joined(words, {"--force"})).code, 0);
  EXPECT_EQ(dump(trace), recorded);
}

/// Killed before its first checkpoint, a run starts again.
TEST_F(TrainerRun, ResumesWhatHadNotBegun) {
  const Words words = {"--method", "static", "--bits", "8", "--iterations", "1", "--evaluate-every", "0"};
  const Outcome whole = run("begun.trace", words);
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.out,
              HasSubstr("training cost             1.0000 of 8 bits everywhere (1.0000 in the second half)"));
  const std::string recorded = dump(path("begun.trace"));
  fs::remove(path("begun.trace.ckpt"));
  EXPECT_EQ(run("begun.trace", joined(words, {"--resume"})).code, 0);
  EXPECT_EQ(dump(path("begun.trace")), recorded);
}

TEST_F(TrainerRun, SbmOriginalLearnsKilledOrNot) {
  const Words words = {"--method",         "sbm-original", "--iterations",       "60", "--lr",      "0.5",
                       "--evaluate-every", "30",           "--checkpoint-every", "7",  "--augment", "off"};
  const Outcome whole = run("sbm.trace", words);
  ASSERT_EQ(whole.code, 0) << whole.err;
  const std::vector<double> loss = losses("sbm.trace");
  const auto mean_of_epoch = [&](std::size_t first) { return (loss[first] + loss[first + 1] + loss[first + 2]) / 3; };
  EXPECT_LT(mean_of_epoch(57), 0.8 * mean_of_epoch(0));
  const TraceReader trace(path("sbm.trace"));
  EXPECT_EQ(trace.meta("weight_range"), "tensor");
  EXPECT_EQ(trace.meta("activation_rounding"), "stochastic");
  EXPECT_EQ(trace.meta("regime"), "published");
  EXPECT_EQ(trace.meta("blocks"), "closed");
  trace.for_each_iteration(0, 1, [](const TraceIteration& row) {
    EXPECT_THAT(row.weight_bits, testing::Each(8)) << "stem, shortcuts and classifier, too";
    EXPECT_THAT(row.gradient_bits, testing::Each(8));
  });
  run_until_killed("sbm2.trace", words);
  ASSERT_EQ(run("sbm2.trace", joined(words, {"--resume"})).code, 0);
  EXPECT_EQ(dump(path("sbm2.trace")), dump(path("sbm.trace")));
}

TEST_F(TrainerRun, RangeTestReportsTheSameBoundKilledOrNot) {
  const Words words =
      joined({"--method", "range-test", "--bits", "3:6", "--range-steps", "5", "--range-window", "3"},
             {"--range-threshold", "0.001", "--iterations", "20", "--evaluate-every", "0", "--checkpoint-every", "7"});
  const Outcome whole = run("range.trace", words);
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("range_test_lower_bound    "));
  EXPECT_THAT(TraceReader(path("range.trace")).meta("range_test_means"), testing::StartsWith("3 bits 0."));
  run_until_killed("range2.trace", words);
  ASSERT_EQ(run("range2.trace", joined(words, {"--resume"})).code, 0);
  EXPECT_EQ(dump(path("range2.trace")), dump(path("range.trace")));
}

}  // namespace
}  // namespace ldpsim
