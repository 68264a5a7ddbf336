// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/program.hpp"

namespace ldpsim {
namespace {

using ::testing::HasSubstr;
using testing_support::Outcome;
using testing_support::run_ldpsim;

TEST(List, MachinesAsCsv) {
  const Outcome run = run_ldpsim({"list", "archs", "--format", "csv"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(
      run.out,
      HasSubstr(
          "arch,array,frequency_mhz,dram_bits_per_cycle,assumed_values,description\nbitfusion,bit_fusion,500,192,"));
  EXPECT_THAT(run.out, HasSubstr("\nstripes,stripes,980,418,"));
}

TEST(List, EveryListHasRows) {
  for (const std::string what : {"networks", "arrays", "keys", "actions", "energy"}) {
    const Outcome run = run_ldpsim({"list", what, "--format", "csv"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_GT(std::count(run.out.begin(), run.out.end(), '\n'), 2) << what;
  }
}

TEST(List, MethodsAndDatasetsAreThoseOfTheTrainer) {
  const Outcome methods = run_ldpsim({"list", "methods", "--format", "csv"});
  const Outcome datasets = run_ldpsim({"list", "datasets", "--format", "csv"});
  if (std::filesystem::exists(LDPSIM_BINARY_DIR "/bin/ldptrain")) {
    EXPECT_THAT(methods.out, HasSubstr("method,description\n"));
    EXPECT_THAT(methods.out, HasSubstr("\nldp,"));
    EXPECT_THAT(datasets.out, HasSubstr("\nfashion-mnist,"));
    EXPECT_EQ(methods.code + datasets.code, 0) << methods.err;
  } else {
    EXPECT_EQ(methods.code, 2);
    EXPECT_THAT(methods.err, HasSubstr("ldpsim list methods: error: there is no ldptrain beside this ldpsim"));
  }
}

TEST(List, AnUnknownListNamesTheKnownOnes) {
  const Outcome run = run_ldpsim({"list", "arch"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.err,
            "ldpsim list: error: there is no list of 'arch'; did you mean 'archs'? allowed: archs, networks, methods, "
            "datasets, arrays, actions, keys, energy\n");
}

TEST(Explain, AKeyWithUnitDefaultRangeAndWhatMachinesSetItTo) {
  const Outcome run = run_ldpsim({"explain", "array.drain_cycles"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(
      run.out,
      "array.drain_cycles: key of a machine\n"
      "  cycles from the last bit to the last result, charged when the array stops for want of work; not published, "
      "0 in comparisons with publications\n"
      "unit:    cycle\n"
      "default: 0\n"
      "allowed: 0..1000000\n"
      "used by: machines with array.kind stripes\n"
      "  stripes = 0; assumed: not published; 0 gives the published formula\n");
}

TEST(Explain, ActionsCausesColumnsAndMachines) {
  EXPECT_THAT(run_ldpsim({"explain", "weight_buffer_read_bits"}).out,
              HasSubstr("bitfusion-eyeriss (bitfusion-45nm): 0.0214 pJ, found: Bit Fusion release"));
  EXPECT_THAT(run_ldpsim({"explain", "dram_stall"}).out, HasSubstr("cause of cycles"));
  EXPECT_THAT(run_ldpsim({"explain", "bound_cycles"}).out, HasSubstr("column of result tables"));
  EXPECT_THAT(run_ldpsim({"explain", "stripes"}).out, HasSubstr("not modelled:\n"));
}

TEST(Explain, AnUnknownTopicNamesTheNearest) {
  const Outcome run = run_ldpsim({"explain", "array.window"});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.err,
            "ldpsim explain: error: nothing is called 'array.window'; did you mean 'array.windows'? 'ldpsim list "
            "keys', 'list actions' and 'list archs' show what there is\n");
}

}  // namespace
}  // namespace ldpsim
