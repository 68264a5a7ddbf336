// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/sweep.hpp"

#include <gmock/gmock.h>

#include "sim/datapath/builtin.hpp"
#include "tests/support/made_up_run.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::ScratchFolder;

std::vector<ArchSpec> archs(const std::vector<std::string>& names) {
  register_builtin_pe_arrays();
  std::vector<ArchSpec> all;
  for (const std::string& name : names) all.push_back(load_arch(name));
  return all;
}

SweepQuestion question() {
  const ScratchFolder scratch;
  testing_support::write_made_up_run(scratch.path("run.trace"), "resnet20", 20, 1);
  const TraceReader trace(scratch.path("run.trace"));
  return {.run = ReplayRun::of("run", trace, Schedule(trace)), .passes = {Pass::kForward, Pass::kBackwardWeight}};
}

const std::vector<GridAxis> kAxes{{"array.windows", {"8", "16"}},
                                  {"dram.bits_per_cycle", {"64", "256"}},
                                  {"buffers.output_bytes", {"16", "1048576"}}};

/// Everything in a results file that is not the order of its pages.
std::string contents(const std::string& file) {
  const ResultsFile results = ResultsFile::open(file);
  std::string text;
  for (const ResultPoint& point : results.points("sweep"))
    text += point.key + "|" + point.label + "|" + point.config + "\n";
  return text + results.table("sweep").render(TableFormat::kJson);
}

SweepOutcome sweep(const std::string& path, std::size_t jobs, Shard shard = {}) {
  static const SweepQuestion kQuestion = question();
  const std::vector<SweepPoint> points = plan_sweep(archs({"stripes", "bitfusion"}), kAxes, kQuestion);
  ResultsFile file = ResultsFile::open_or_create(path);
  return run_sweep(points, kAxes, kQuestion, file, jobs, shard, [](std::int64_t, std::int64_t) {});
}

TEST(SweepPlan, IsTheCartesianProductOfWhatEachMachineHas) {
  const std::vector<SweepPoint> points = plan_sweep(archs({"stripes", "bitfusion"}), kAxes, question());
  ASSERT_EQ(points.size(), 8u + 4u);  // Bit Fusion has no windows
  EXPECT_EQ(points[0].point.label, "stripes array.windows=8 dram.bits_per_cycle=64 buffers.output_bytes=16");
  EXPECT_EQ(points[1].point.label, "stripes array.windows=8 dram.bits_per_cycle=64 buffers.output_bytes=1048576");
  EXPECT_EQ(points[11].point.label, "bitfusion dram.bits_per_cycle=256 buffers.output_bytes=1048576");
  std::set<std::string> keys;
  for (const SweepPoint& point : points) keys.insert(point.point.key);
  EXPECT_EQ(keys.size(), points.size());
}

TEST(SweepPlan, RefusesWhatMakesNoSense) {
  const auto plan = [](const std::vector<GridAxis>& axes) {
    return message_of([&] { plan_sweep(archs({"stripes"}), axes, question()); });
  };
  EXPECT_THAT(plan({{"array.window", {"8"}}}),
              testing::HasSubstr(
                  "--grid array.window: error: no such key in the machines given; did you mean 'array.windows'?"));
  EXPECT_THAT(plan({{"array.windows", {"x"}}}), testing::StartsWith("--grid array.windows=x: error:"));
  EXPECT_THAT(plan({{"array.windows", {"8"}}, {"array.windows", {"16"}}}), testing::HasSubstr("is given twice"));
  EXPECT_THAT(message_of([] { GridAxis::of("array.windows"); }), testing::HasSubstr("is not KEY=a,b,c"));
  EXPECT_THAT(message_of([] { GridAxis::of("a=1,,2"); }), testing::HasSubstr("an empty value"));
  EXPECT_THAT(message_of([] { GridAxis::of("a=1,2,1"); }), testing::HasSubstr("'1' is there twice"));
  for (const char* text : {"0/2", "3/2", "1", "a/b", "1/2x"}) {
    EXPECT_THAT(message_of([&] { Shard::of(text); }), testing::HasSubstr("1 <= i <= n")) << text;
  }
}

TEST(Sweep, HasTheSameContentsWithAnyNumberOfWorkersAndInAnyPieces) {
  const ScratchFolder scratch;
  const SweepOutcome one = sweep(scratch.path("1"), 1);
  EXPECT_EQ(one.computed, 12);
  const std::string expected = contents(scratch.path("1"));
  sweep(scratch.path("2"), 2);
  EXPECT_EQ(contents(scratch.path("2")), expected);
  EXPECT_EQ(sweep(scratch.path("3"), 1, {.index = 2, .count = 3}).computed, 4);
  const SweepOutcome rest = sweep(scratch.path("3"), 2);
  EXPECT_EQ(rest.found, 4);
  EXPECT_EQ(rest.computed, 8);
  EXPECT_EQ(contents(scratch.path("3")), expected);
  EXPECT_EQ(sweep(scratch.path("3"), 2).computed, 0);
  EXPECT_EQ(contents(scratch.path("3")), expected);
}

TEST(Sweep, APointThatFailsSaysSoAndStopsNoOther) {
  const ScratchFolder scratch;
  for (int again = 0; again < 2; ++again) {
    const SweepOutcome outcome = sweep(scratch.path("s"), 2);
    EXPECT_EQ(outcome.computed, again == 0 ? 12 : 0);
    ASSERT_EQ(outcome.failed.size(), 6u);  // an output buffer of 16 bytes holds no tile
    for (const auto& [label, error] : outcome.failed) {
      EXPECT_THAT(label, testing::HasSubstr("buffers.output_bytes=16"));
      EXPECT_THAT(error, testing::HasSubstr("layer conv1"));
    }
  }
  const Table table = ResultsFile::open(scratch.path("s")).table("sweep");
  const auto column = [&](const char* name) {
    return static_cast<std::size_t>(std::find(table.columns().begin(), table.columns().end(), name) -
                                    table.columns().begin());
  };
  for (const auto& row : table.rows()) {
    const bool failed = std::holds_alternative<std::string>(row[column("error")]);
    EXPECT_EQ(std::holds_alternative<std::monostate>(row[column("cycles")]), failed);
    EXPECT_EQ(std::get<std::int64_t>(row[column("buffers.output_bytes")]) == 16, failed);
  }
}

}  // namespace
}  // namespace ldpsim
