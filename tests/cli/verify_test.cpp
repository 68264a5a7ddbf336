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
  EXPECT_EQ(outcome.err, "run.trace: 10 captured passes, 10 checked on each of 2 machines\n");
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

TEST_F(VerifyCli, SaysHowMuchOfWhatWasCapturedWasChecked) {
  sql("DELETE FROM operand WHERE bits = 64");
  const auto said = [&] { return ldpsim({"verify", "run.trace", "--arch", "stripes"}).out; };
  EXPECT_THAT(said(), HasSubstr("\n10 captured passes, 10 checked on 1 machine\n"));
  // Passes that were left out by design: gradients are captured of nothing but the first iteration's second layer.
  sql("DELETE FROM operand WHERE tensor = 'gradient' AND (iteration = 10 OR layer = 0)");
  EXPECT_THAT(said(), HasSubstr("\n6 captured passes, 6 checked on 1 machine\n"));
  // Nobody computes the gradient of pictures, even if its result is there.
  sql("INSERT INTO operand SELECT 0, layer, 'gradient', 8, '2,4,6,6', 'raw', scale, offset, zeroblob(288), NULL FROM "
      "operand WHERE iteration = 0 AND layer = 0 AND tensor = 'activation'");
  sql("INSERT INTO operand VALUES(0, 0, 'backward_data', 64, '2,3,6,6', 'raw', NULL, NULL, NULL, zeroblob(1728))");
  EXPECT_THAT(said(), HasSubstr("\n8 captured passes, 7 checked on 1 machine; no machine computes the other 1: "
                                "backward_data of the network's input\n"));
}

/// A pass whose results are in the file must not drop out of what is verified.
TEST_F(VerifyCli, OperandsThatContradictTheTraceAreRefused) {
  const auto error_after = [&](const std::string& statement) {
    std::filesystem::remove(folder_.path("run.trace"));
    testing_support::write_sample_trace(folder_.path("run.trace"), 20);
    sql(statement);
    const Outcome outcome = ldpsim({"verify", "run.trace", "--arch", "stripes"});
    EXPECT_EQ(outcome.code, 3) << statement;
    EXPECT_EQ(outcome.out, "") << statement;
    return outcome.err;
  };
  const std::string place = "run.trace: error: iteration 10, layer 'conv2', tensor ",
                    at = " WHERE iteration=10 AND layer=1", hint = "; 'ldpsim trace validate' checks the whole file\n";
  EXPECT_EQ(error_after("UPDATE operand SET layer=9" + at),
            "run.trace: error: iteration 10: there is an operand of layer 9, but there are 3 layers" + hint);
  EXPECT_EQ(error_after("UPDATE operand SET tensor='weigth'" + at + " AND tensor='weight'"),
            place +
                "'weigth': there is no such tensor; did you mean 'weight'? allowed: weight, activation, gradient, "
                "forward, backward_data, backward_weight" +
                hint);
  EXPECT_EQ(error_after("DELETE FROM operand" + at + " AND tensor='gradient'"),
            place + "'backward_data': it has no tensor 'gradient' to be the result of" + hint);
  EXPECT_EQ(error_after("DELETE FROM operand WHERE iteration=10 AND tensor='activation'"),
            "run.trace: error: iteration 10, layer 'conv1', tensor 'backward_weight': it has no tensor 'activation' to "
            "be the result of" +
                hint);
  EXPECT_EQ(error_after("UPDATE operand SET bits=8" + at + " AND tensor='activation'"),
            place + "'activation': it has 8 bits, the schedule says 7" + hint);
  EXPECT_EQ(error_after("UPDATE operand SET iteration=40" + at),
            "run.trace: error: iteration 40 has operands, but is not in the schedule" + hint);
  EXPECT_EQ(error_after("UPDATE iteration SET weight_bits=x'636363' WHERE iteration=4"),
            "run.trace: error: iteration 4, layer 'conv1': weight_bits is 99; allowed: 0 (float) to 16\n");
}

TEST_F(VerifyCli, NothingVerifiedIsNoSuccess) {
  sql("DELETE FROM operand WHERE tensor <> 'weight'");
  const Outcome outcome = ldpsim({"verify", "run.trace", "--arch", "stripes"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err,
            "run.trace: error: has captured operands, but no pass with both of its operands: nothing to verify; train "
            "with --capture every=N,images=K\n");
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
