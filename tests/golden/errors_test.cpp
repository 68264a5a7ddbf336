// SPDX-License-Identifier: Apache-2.0
// What the programs say to bad input, word for word, with their exit codes, and that nothing half-written stays behind.
// The texts are in errors.txt; LDPSIM_UPDATE_GOLDENS=1 writes them anew for review.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "tests/support/made_up_run.hpp"
#include "tests/support/program.hpp"

namespace ldpsim::testing_support {
namespace {

const std::string kGolden = std::string(LDPSIM_SOURCE_DIR) + "/tests/golden/errors.txt";

struct Case {
  std::string command;   ///< a line for the shell; ldpsim is the built one
  std::string expected;  ///< "exit N\n" and stderr
};

/// Cases are separated by blank lines; the first line of each is "$ COMMAND", lines of '#' are remarks.
struct Golden {
  std::string remarks;
  std::vector<Case> cases;
};

Golden read_golden() {
  Golden golden;
  std::istringstream stream(read_file(kGolden));
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("#")) {
      golden.remarks += line + "\n";
    } else if (line.starts_with("$ ")) {
      golden.cases.push_back({line.substr(2), ""});
    } else if (!line.empty()) {
      golden.cases.back().expected += line + "\n";
    }
  }
  return golden;
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// First column of `ldpsim list WHAT` as an error message lists it, so that a new machine changes no golden text.
std::string known(const std::string& what) {
  std::istringstream rows(run_ldpsim({"list", what, "--format", "csv"}).out);
  std::string names, row;
  std::getline(rows, row);  // the header
  while (std::getline(rows, row)) names += (names.empty() ? "" : ", ") + row.substr(0, row.find(','));
  return names;
}

std::set<std::string> files_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) names.insert(entry.path().string());
  return names;
}

/// The inputs that the cases name.
void write_inputs(const ScratchFolder& scratch) {
  write_made_up_run(scratch.path("run.trace"), "resnet20", 20, 1);
  const std::string whole = read_file(scratch.path("run.trace"));
  scratch.write("truncated.trace", whole.substr(0, whole.size() / 2));
  scratch.write("text.trace", "this is not a trace, nor any other database\n");
  scratch.write("empty.trace", "");
  run_program({"sqlite3", scratch.path("foreign.trace"), "create table songs(title); insert into songs values('x');"});
  scratch.write("unknown_key.yaml", "name: mine\nbase: stripes\narray:\n  kind: stripes\n  windowz: 8\n");
  scratch.write("unknown_value.yaml",
                "name: mine\nbase: stripes\narray:\n  kind: stripes\n  serial_forward: sometimes\n");
  scratch.write("out_of_range.yaml", "name: mine\nbase: stripes\narray:\n  kind: stripes\n  windows: 0\n");
  scratch.write("unknown_array.yaml", "name: mine\narray:\n  kind: strips\n");
  scratch.write("not_yaml.yaml", "name: [mine\n");
  const std::string head =
      "name,kind,in_channels,out_channels,in_height,in_width,kernel_height,kernel_width,stride,padding,weight_bits\n";
  scratch.write("kernel.csv", head + "conv1,conv,3,16,2,2,5,5,1,0,8\n");
  scratch.write("net.csv", head + "conv1,conv,3,16,8,8,3,3,1,1,8\n");
  scratch.write("bits.csv", head + "conv1,conv,3,16,8,8,3,3,1,1,17\n");
  scratch.write("kind.csv", head + "conv1,conf,3,16,8,8,3,3,1,1,8\n");
  scratch.write("columns.csv", "name,kind,in_chanels,out_channels\nfc,linear,3,4\n");
  scratch.write("no_layers.csv", head);
  scratch.write("schedule.csv", "iteration,layer,weight_bits,activation_bits,gradient_bits\n0,conv9,8,8,8\n");
  scratch.write("text.results", "this is not a results file\n");
}

TEST(Errors, AreOneLineWithPlaceAndRemedyAndLeaveNothingBehind) {
  const ScratchFolder scratch;
  write_inputs(scratch);
  const std::set<std::string> before = files_in(scratch.path(""));
  Golden golden = read_golden();
  ASSERT_GT(golden.cases.size(), 30u);
  std::string updated = golden.remarks;
  const std::string machines = known("archs"), kinds = known("arrays");
  ASSERT_NE(machines.find("stripes"), std::string::npos);
  ASSERT_NE(kinds.find("bit_fusion"), std::string::npos);
  for (const Case& one : golden.cases) {
    SCOPED_TRACE(one.command);
    const std::string line = "PATH='" + std::string(LDPSIM_BINARY_DIR) + "/bin':\"$PATH\"; " + one.command;
    const Outcome outcome = run_program({"bash", "-c", line}, scratch.path(""));
    std::string said = "exit " + std::to_string(outcome.code) + "\n" + outcome.err;
    replace_all(said, LDPSIM_SOURCE_DIR, "SOURCE");
    replace_all(said, machines, "MACHINES");
    replace_all(said, kinds, "KINDS");
    updated += "\n$ " + one.command + "\n" + said;
    if (std::getenv("LDPSIM_UPDATE_GOLDENS") != nullptr) continue;
    EXPECT_EQ(said, one.expected);
    EXPECT_NE(outcome.code, 0);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(files_in(scratch.path("")), before);
  }
  if (std::getenv("LDPSIM_UPDATE_GOLDENS") != nullptr) std::ofstream(kGolden, std::ios::binary) << updated;
}

}  // namespace
}  // namespace ldpsim::testing_support
