// SPDX-License-Identifier: Apache-2.0
// The traces that come with the program: sound, learned, small, and of use on both machines.
#include <gmock/gmock.h>

#include <filesystem>

#include "sim/trace/trace.hpp"
#include "tests/support/csv.hpp"
#include "tests/support/program.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;
using testing_support::Outcome;
using testing_support::run_ldpsim;
namespace fs = std::filesystem;

std::vector<fs::path> committed_traces() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(LDPSIM_SOURCE_DIR) / "traces")) {
    if (entry.path().extension() == ".trace") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class CommittedTrace : public testing::TestWithParam<fs::path> {
 protected:
  testing_support::ScratchFolder folder_;
};

TEST_P(CommittedTrace, IsSound) {
  const Outcome outcome = run_ldpsim({"trace", "validate", GetParam().string()}, folder_.path(""));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_P(CommittedTrace, HoldsPrecisionsThatWereLearned) {
  const TraceReader trace(GetParam().string());
  EXPECT_EQ(trace.meta("method"), "ldp");
  std::size_t moved = 0, quantised = 0;
  std::vector<std::uint8_t> first;
  trace.for_each_iteration(0, trace.iteration_count(), [&](const TraceIteration& row) {
    if (first.empty()) first = row.weight_bits;
    if (row.iteration + 1 < trace.iteration_count()) return;
    for (std::size_t i = 0; i < first.size(); ++i) {
      quantised += row.weight_bits[i] != 0 ? 1 : 0;
      moved += row.weight_bits[i] != first[i] ? 1 : 0;
    }
  });
  EXPECT_GT(4 * moved, quantised) << "at least a quarter of the layers end with another precision than they begin with";
}

TEST_P(CommittedTrace, IsDescribed) {
  const std::string samples = testing_support::read_file(std::string(LDPSIM_SOURCE_DIR) + "/traces/SAMPLES.md");
  EXPECT_THAT(samples, HasSubstr("\n## " + GetParam().filename().string() + "\n"));
}

TEST_P(CommittedTrace, ReplaysOnBothMachines) {
  const Outcome outcome = run_ldpsim(
      {"replay", GetParam().string(), "--arch", "stripes", "--arch", "bitfusion", "--by", "total", "--format", "csv"},
      folder_.path(""));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("stripes,"));
  EXPECT_THAT(outcome.out, HasSubstr("bitfusion,"));
}

/// A plan that pays for a few cycles with DRAM traffic would let a schedule take more energy than static precision.
TEST_P(CommittedTrace, SavesCyclesAndEnergyOnBothMachinesButLessThanClaimed) {
  const Outcome outcome = run_ldpsim(
      {"replay", GetParam().string(), "--arch", "stripes", "--arch", "bitfusion", "--savings", "--format", "csv"},
      folder_.path(""));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::istringstream text(outcome.out);
  const std::vector<test::CsvRow> savings = test::parse_csv(text, "savings");
  ASSERT_EQ(savings.size(), 12u);
  for (const test::CsvRow& row : savings) {
    for (const char* metric : {"cycles_saving_percent", "energy_saving_percent"}) {
      EXPECT_GT(row.real(metric), 0) << row.text("arch") << " " << row.text("phase") << " " << metric;
      EXPECT_LT(row.real(metric), row.real("claimed_saving_percent")) << row.text("arch") << " " << metric;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, CommittedTrace, testing::ValuesIn(committed_traces()),
                         [](const testing::TestParamInfo<fs::path>& info) {
                           std::string name = info.param.stem().string();
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(CommittedTraces, AreSmallTogether) {
  std::uintmax_t bytes = 0;
  for (const fs::path& file : committed_traces()) bytes += fs::file_size(file);
  EXPECT_LT(bytes, 2u << 20);
}

}  // namespace
}  // namespace ldpsim
