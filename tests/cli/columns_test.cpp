// SPDX-License-Identifier: Apache-2.0
// The promise of README.md: `ldpsim explain COLUMN` says what any column of any table means.
#include <gmock/gmock.h>

#include <set>

#include "tests/support/program.hpp"
#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using testing_support::Outcome;

class Columns : public ::testing::Test {
 protected:
  Columns() {
    testing_support::write_sample_trace(folder_.path("run.trace"), 20);
    testing_support::write_sample_trace(folder_.path("sound.trace"), 20);
    Database(folder_.path("sound.trace"), Database::Mode::kWrite, {"trace", "", 0})
        .execute("DELETE FROM operand WHERE bits = 64");  // the sample's results are made up
    ldpsim("trace export run.trace -o csv");
  }
  Outcome ldpsim(const std::string& arguments) {
    const std::string line = testing_support::built("ldpsim") + " " + arguments;
    Outcome outcome = testing_support::run_program({"bash", "-c", line}, folder_.path(""));
    EXPECT_LE(outcome.code, 1) << arguments << ": " << outcome.err;
    return outcome;
  }
  /// Adds the columns of the table that this command prints.
  void add(const std::string& arguments) {
    std::istringstream header(ldpsim(arguments + " --format csv").out);
    std::string column;
    std::getline(header, column);
    header.str(column);
    std::size_t found = 0;
    for (; std::getline(header, column, ','); ++found) columns_.insert(column);
    EXPECT_GT(found, 1u) << arguments;
  }
  testing_support::ScratchFolder folder_;
  std::set<std::string> columns_;
};

TEST_F(Columns, OfEveryTableAreExplained) {
  for (const std::string list : {"archs", "networks", "profiles", "arrays", "actions", "keys", "energy", "dram"})
    add("list " + list);
  const std::string learned = std::string(LDPSIM_SOURCE_DIR) + "/traces/resnet20-cifar10-ldp.trace";
  add("trace info run.trace");
  add("verify sound.trace --arch stripes -q");
  for (const std::string& what :
       std::vector<std::string>{"csv/network.csv", "--paper", "run.trace", learned + " --paper", "--contradictions"})
    add("bitops " + what);
  add("simulate csv/network.csv --arch stripes");
  for (const std::string table : {"", " --savings", " --gap"}) add("replay run.trace --arch stripes" + table);
  add("reproduce");
  add("validate --only V1");
  if (std::filesystem::exists(testing_support::built("ldptrain"))) {
    add("list methods");
    add("list datasets");
    add("reproduce table3 --dry-run -o reproduced");
    add("reproduce table3 --no-training -q -o reproduced");
  }
  ldpsim("simulate csv/network.csv --arch stripes -q -o a.results");
  ldpsim("simulate csv/network.csv --arch stripes --set dram.pj_per_bit=5 -q -o b.results");
  add("diff a.results b.results");
  ASSERT_GT(columns_.size(), 150u);
  std::string all;
  for (const std::string& column : columns_) all += " " + column;
  EXPECT_EQ(ldpsim("explain" + all).code, 0);
}

}  // namespace
}  // namespace ldpsim
