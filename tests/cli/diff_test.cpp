// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/program.hpp"

namespace ldpsim {
namespace {

using testing_support::Outcome;
using testing_support::run_ldpsim;

TEST(DiffCli, SaysWhatDiffersAndExitsWithOne) {
  const testing_support::ScratchFolder folder;
  const std::string network = std::string(LDPSIM_SOURCE_DIR) + "/networks/lstm.csv";
  const auto ldpsim = [&](const std::vector<std::string>& arguments) { return run_ldpsim(arguments, folder.path("")); };
  for (const std::string batch : {"1", "2"}) {
    const Outcome run = ldpsim({"sweep", network, "--arch", "stripes", "--batch", batch, "-o", batch + ".results"});
    ASSERT_EQ(run.code, 0) << run.err;
  }
  const Outcome same = ldpsim({"diff", "1.results", "1.results"});
  EXPECT_EQ(same.code, 0) << same.err;
  const Outcome other = ldpsim({"diff", "1.results", "2.results", "--format", "csv"});
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.out.find(",batch,1,2,1\n"), std::string::npos) << other.out;
  const Outcome lenient = ldpsim({"diff", "1.results", "2.results", "--tolerance", "2"});
  EXPECT_EQ(lenient.code, 2);
  EXPECT_EQ(lenient.err, "--tolerance: error: is 2; allowed: 0 to less than 1\n");
  const Outcome foreign = ldpsim({"diff", "1.results", network});
  EXPECT_EQ(foreign.code, 3);
  EXPECT_EQ(foreign.err, network +
                             ": error: not a results file: it is no SQLite file, or its beginning is damaged; a "
                             "results file is written by "
                             "ldpsim simulate, replay or sweep\n");
}

}  // namespace
}  // namespace ldpsim
