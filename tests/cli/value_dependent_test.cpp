// SPDX-License-Identifier: Apache-2.0
// Machines whose cycles depend on the values of operands, from outside.
#include <gmock/gmock.h>

#include <map>
#include <sstream>

#include "tests/support/program.hpp"
#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using ::testing::HasSubstr;
using testing_support::Outcome;

const std::string kNetwork = LDPSIM_SOURCE_DIR "/networks/lenet.csv";

class ValueDependentCli : public ::testing::Test {
 protected:
  ValueDependentCli() { testing_support::write_sample_trace(folder_.path("run.trace"), 20); }
  Outcome ldpsim(const std::vector<std::string>& arguments) {
    return testing_support::run_ldpsim(arguments, folder_.path(""));
  }
  void sql(const std::string& statement) {
    Database(folder_.path("run.trace"), Database::Mode::kWrite, {"trace", "", 0}).execute(statement);
  }
  /// Cells of the last line of a CSV by column.
  static std::map<std::string, std::string> last_row(const std::string& csv) {
    std::istringstream lines(csv);
    std::string head, line, last;
    std::getline(lines, head);
    while (std::getline(lines, line)) last = line;
    std::map<std::string, std::string> cells;
    std::istringstream names(head + ","), values(last + ",");
    for (std::string name, value; std::getline(names, name, ',') && std::getline(values, value, ',');)
      cells[name] = value;
    return cells;
  }
  testing_support::ScratchFolder folder_;
};

TEST_F(ValueDependentCli, VerifyFindsNoDifferenceOnLoomAndPragmatic) {
  sql("DELETE FROM operand WHERE bits = 64");  // the sample's results are made up
  const Outcome plain = ldpsim({"verify", "run.trace", "--arch", "loom", "--arch", "pragmatic", "--format", "csv"});
  EXPECT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(last_row(plain.out)["mismatches"], "0");
  const Outcome trimmed =
      ldpsim({"verify", "run.trace", "--arch", "loom", "--set", "array.trimming=dynamic", "--format", "csv"});
  EXPECT_EQ(last_row(trimmed.out)["mismatches"], "0");
  const Outcome exact = ldpsim({"verify", "run.trace", "--arch", "loom", "--format", "csv"});
  EXPECT_LT(std::stoll(last_row(trimmed.out)["cycles"]), std::stoll(last_row(exact.out)["cycles"]));
}

TEST_F(ValueDependentCli, ReplayHasIntervalsAndSaysWhatTheyRestOn) {
  const Outcome csv = ldpsim({"replay", "run.trace", "--arch", "pragmatic", "--by", "layer", "--format", "csv"});
  ASSERT_EQ(csv.code, 0) << csv.err;
  auto total = last_row(csv.out);
  EXPECT_EQ(total["captures"], "2");
  EXPECT_LT(std::stoll(total["cycles_low"]), std::stoll(total["cycles"]));
  EXPECT_GT(std::stoll(total["cycles_high"]), std::stoll(total["cycles"]));
  EXPECT_LT(std::stod(total["low_energy_pj"]), std::stod(total["energy_pj"]));
  EXPECT_GT(std::stod(total["high_energy_pj"]), std::stod(total["energy_pj"]));
  const Outcome text = ldpsim({"replay", "run.trace", "--arch", "pragmatic"});
  EXPECT_THAT(text.out,
              HasSubstr("pragmatic: cycles depend on operand values; operands: 2 captured iterations (0 to 10) "
                        "of 2 in the trace, with 2 of 3 layers"));
  EXPECT_THAT(text.out, HasSubstr("95 % confidence intervals"));
  const Outcome fixed = ldpsim({"replay", "run.trace", "--arch", "loom", "--format", "csv"});
  EXPECT_EQ(last_row(fixed.out)["captures"], "");  // exact
  EXPECT_EQ(last_row(fixed.out)["cycles_low"], "");
}

TEST_F(ValueDependentCli, TheImagesOfASingleCaptureMakeAnInterval) {
  const Outcome one = ldpsim({"replay", "run.trace", "--arch", "pragmatic", "--iterations", "0:5", "--format", "csv"});
  ASSERT_EQ(one.code, 0) << one.err;
  EXPECT_EQ(last_row(one.out)["captures"], "1");
  EXPECT_NE(last_row(one.out)["cycles_low"], "");
}

TEST_F(ValueDependentCli, TheSameFiguresWhateverTheNumberOfWorkers) {
  const std::vector<std::string> command{"replay", "run.trace", "--arch",   "pragmatic",
                                         "--arch", "stripes",   "--format", "csv"};
  std::vector<std::string> two = command;
  two.insert(two.end(), {"-j", "2"});
  EXPECT_EQ(ldpsim(command).out, ldpsim(two).out);
}

TEST_F(ValueDependentCli, WithoutOperandsTheErrorSaysWhereToGetThem) {
  const Outcome network = ldpsim({"simulate", kNetwork, "--arch", "pragmatic"});
  EXPECT_EQ(network.code, 2);
  EXPECT_EQ(network.out, "");
  EXPECT_THAT(network.err,
              HasSubstr("its cycles depend on the values of the operands, which a network table lacks; "
                        "replay a trace with captured operands, or let --values uniform make operands up"));
  sql("DELETE FROM operand");
  const Outcome trace = ldpsim({"replay", "run.trace", "--arch", "pragmatic"});
  EXPECT_EQ(trace.code, 2);
  EXPECT_THAT(
      trace.err,
      HasSubstr("pragmatic, layer conv1: error: the trace has no captured operands, on whose values the cycles of this "
                "machine depend; train with --capture every=N,images=K"));
  const Outcome wrong = ldpsim({"simulate", kNetwork, "--arch", "pragmatic", "--values", "unifrom"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--values: error: unknown source 'unifrom'; did you mean 'uniform'?"));
  EXPECT_EQ(ldpsim({"replay", "run.trace", "--arch", "stripes"}).code, 0);  // others need none
}

TEST_F(ValueDependentCli, MadeUpOperandsAreNamedAsSuch) {
  const Outcome text = ldpsim({"simulate", kNetwork, "--arch", "pragmatic", "--values", "uniform"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("operands are made up: codes equally distributed over their range"));
  EXPECT_THAT(text.out, HasSubstr("cycles_low"));
}

}  // namespace
}  // namespace ldpsim
