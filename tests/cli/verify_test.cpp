// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/support/program.hpp"
#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing_support::Outcome;

class VerifyCli : public ::testing::Test {
 protected:
  VerifyCli() { testing_support::write_sample_trace(folder_.path("run.trace"), 20); }
  Outcome ldpsim(const std::vector<std::string>& arguments) {
    return testing_support::run_ldpsim(arguments, folder_.path(""));
  }
  void sql(const std::string& statement) {
    Database(folder_.path("run.trace"), Database::Mode::kWrite, {"trace", "", 0}).execute(statement);
  }
  testing_support::ScratchFolder folder_;
};

TEST_F(VerifyCli, IntegersAgreeOnBothMachines) {
  sql("DELETE FROM operand WHERE bits = 64");  // the sample's results are made up
  const Outcome outcome =
      ldpsim({"verify", "run.trace", "--arch", "stripes", "--arch", "bitfusion", "--format", "csv"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_THAT(outcome.out, StartsWith("arch,iteration,layer,pass,weight_bits,activation_bits,gradient_bits,macs,cycles,"
                                      "accumulators,mismatches,accumulator_bits,accumulator_spills,"
                                      "worst_relative_difference\n"
                                      "stripes,0,conv1,forward,"));
  EXPECT_THAT(outcome.out, HasSubstr("\nbitfusion,10,conv2,backward_weight,"));
  EXPECT_THAT(outcome.out, ContainsRegex("\ntotal,,,,,,,[0-9]+,[0-9]+,[0-9]+,0,[0-9]+,[0-9]+,\n"));
}

/// A real run: tables are exact; skipping and floating point are held against what they must compute, and what that
/// does to results is told and no mismatch.
TEST_F(VerifyCli, MachinesThatDoNotComputeExactProductsAreHeldAgainstTheirOwn) {
  const std::string trace = std::string(LDPSIM_SOURCE_DIR) + "/traces/resnet20-cifar10-ldp.trace";
  const auto worst = [&](const char* arch) {
    const Outcome outcome = ldpsim({"verify", trace, "--arch", arch, "--format", "csv"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, ContainsRegex("\ntotal,,,,,,,[0-9]+,[0-9]+,[0-9]+,0,"));
    return std::stod(outcome.out.substr(outcome.out.rfind(',') + 1));
  };
  EXPECT_LT(worst("unpu"), 1e-5);
  EXPECT_GT(worst("hri"), 1e-5);
  EXPECT_GT(worst("lnpu"), 1e-5);
}

TEST_F(VerifyCli, ResultsOfAnotherRunAreNamed) {
  const Outcome outcome = ldpsim({"verify", "run.trace", "--arch", "stripes", "--iterations", "10:11"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, ContainsRegex("stripes: iteration 10, layer conv2, backward_weight: result at \\[[0-9], "
                                         "[0-9], [0-9], [0-9]\\]: the machine has "));
  EXPECT_THAT(outcome.err, ContainsRegex("run.trace: [0-9]+ mismatches\n"));
  EXPECT_THAT(outcome.out, HasSubstr("worst_relative"));
}

TEST_F(VerifyCli, WrongUseIsOneLine) {
  const auto error = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = ldpsim(arguments);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  };
  EXPECT_EQ(
      error({"verify"}),
      "ldpsim verify: error: no trace given; usage: ldpsim verify RUN.trace --arch NAME [--arch NAME] [options]\n");
  EXPECT_THAT(error({"verify", "run.trace"}), StartsWith("--arch: error: no machine given; "));
  EXPECT_EQ(error({"verify", "run.trace", "--arch", "stripes", "--iterations", "11:20"}),
            "run.trace: error: has no captured operands in the asked iterations; captured: 2 iterations, 0 to 10\n");
  sql("DELETE FROM operand");
  EXPECT_EQ(error({"verify", "run.trace", "--arch", "stripes"}),
            "run.trace: error: has no captured operands; train with --capture every=N,images=K\n");
}

}  // namespace
}  // namespace ldpsim
