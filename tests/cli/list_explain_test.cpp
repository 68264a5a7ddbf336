// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/program.hpp"

namespace ldpsim {
namespace {

using ::testing::HasSubstr;
using testing_support::built;
using testing_support::Outcome;
using testing_support::run_ldpsim;

TEST(List, MachinesAsCsv) {
  const Outcome run = run_ldpsim({"list", "archs", "--format", "csv"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(
      run.out,
      HasSubstr("arch,array,frequency_mhz,dram_bits_per_cycle,technology_nm,area_mm2,area_array_mm2,area_buffers_mm2,"
                "area_rest_mm2,area_confidence,assumed_values,description\nbitfusion,bit_fusion,500,192,45,2.14"));
  EXPECT_THAT(run.out, HasSubstr("\nstripes,stripes,980,418,28,28.8"));
}

TEST(List, AreasOfOneProcess) {
  const Outcome run = run_ldpsim({"list", "archs", "--technology", "65", "--format", "csv"});
  EXPECT_THAT(run.out, HasSubstr("\nstripes,stripes,980,418,65,114.0"));
  EXPECT_THAT(run.out, HasSubstr("\nbitfusion,bit_fusion,500,192,65,3.21"));  // 2.14 x 1.5
  EXPECT_THAT(run_ldpsim({"list", "archs", "--technology", "28nm"}).err,
              HasSubstr("--technology 28nm: error: 'energy.technology_nm' is '28nm'; expected a number in 0..65 (nm)"));
}

TEST(List, PricesOfDramAndHowFarApartTheyAre) {
  const Outcome run = run_ldpsim({"list", "dram"});
  EXPECT_THAT(run.out, HasSubstr("lpddr3                  3.7  found"));
  EXPECT_THAT(run.out, HasSubstr("published figures run from 3.7 (lpddr3) to 20.3 (horowitz), 5.5-fold"));
}

TEST(List, EveryListHasRows) {
  for (const std::string what : {"networks", "profiles", "arrays", "keys", "actions", "energy", "dram"}) {
    const Outcome run = run_ldpsim({"list", what, "--format", "csv"});
    EXPECT_EQ(run.code, 0) << run.err;
    EXPECT_GT(std::count(run.out.begin(), run.out.end(), '\n'), 2) << what;
  }
}

TEST(List, MethodsAndDatasetsAreThoseOfTheTrainer) {
  const Outcome methods = run_ldpsim({"list", "methods", "--format", "csv"});
  const Outcome datasets = run_ldpsim({"list", "datasets", "--format", "csv"});
  if (std::filesystem::exists(built("ldptrain"))) {
    EXPECT_THAT(methods.out, HasSubstr("method,description\n"));
    EXPECT_THAT(methods.out, HasSubstr("\nldp,"));
    EXPECT_THAT(datasets.out, HasSubstr("dataset,task,here,description,source,how_to_get\n"));
    EXPECT_THAT(datasets.out, HasSubstr("\nfashion-mnist,classification,"));
    EXPECT_THAT(datasets.out, HasSubstr("\nwikitext-103,language modelling,with --data,"));
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
            "ldpsim list: error: there is no list of 'arch'; did you mean 'archs'? allowed: archs, networks, profiles, "
            "methods, "
            "datasets, arrays, actions, keys, energy, dram\n");
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
      "  stripes = 0; assumed: not published; 0 gives the published formula\n"
      "  stripes-isoarea = 0; assumed: not published; 0 gives the published formula\n");
}

TEST(Explain, ActionsCausesColumnsAndMachines) {
  EXPECT_THAT(run_ldpsim({"explain", "weight_buffer_read_bits"}).out,
              HasSubstr("bitfusion-eyeriss (bitfusion-45nm): 0.0214 pJ, found: Bit Fusion release"));
  EXPECT_THAT(run_ldpsim({"explain", "dram_stall"}).out, HasSubstr("cause of cycles"));
  EXPECT_THAT(run_ldpsim({"explain", "bound_cycles"}).out, HasSubstr("column of result tables"));
  EXPECT_THAT(run_ldpsim({"explain", "basis"}).out, HasSubstr("only a training run can tell"));
  EXPECT_THAT(run_ldpsim({"explain", "estimate_basis"}).out, HasSubstr("what the estimate rests on: own pace"));
  EXPECT_THAT(run_ldpsim({"explain", "stripes"}).out, HasSubstr("not modelled:\n"));
  EXPECT_THAT(run_ldpsim({"explain", "area_mm2"}).out, HasSubstr("unit:    mm2"));
}

TEST(Explain, EnergyAndAreaOfAMachineWithTheirSources) {
  const std::string text = run_ldpsim({"explain", "stripes"}).out;
  EXPECT_THAT(text, HasSubstr("energy at 28 nm, 0.9 V, 9 rows of the table from other processes rescaled by Stillmaker "
                              "and Baas 2017 (28 nm between 32 and 20 nm) (table stripes-28nm), a unit:\n"));
  EXPECT_THAT(text, HasSubstr("\n  correction_adds: 0.05319 pJ (0.1 pJ at 45 nm, 0.9 V, x 0.5319), found: Horowitz"));
  EXPECT_THAT(text, HasSubstr("\narea: 28.88 mm2 (memory M): array 12.36 mm2, buffers 16.52 mm2, rest (control, "
                              "interconnect, pads) not known and not in it; the published chip of 4096 PEs takes "
                              "28.88 mm2 (memory M)\n  pe: 0.003018 mm2 (11914 um2 at 65 nm, 1.1 V, x 0.2533), "
                              "memory M: Pragmatic"));
  EXPECT_THAT(run_ldpsim({"explain", "stripes", "--technology", "45"}).out,
              HasSubstr("energy at 45 nm, 0.9 V, rescaled by Stillmaker and Baas 2017 from 28 nm, 0.9 V: energy x "));
}

TEST(Explain, ThePriceOfDramIsDisputed) {
  const std::string text = run_ldpsim({"explain", "dram.pj_per_bit"}).out;
  EXPECT_THAT(text, HasSubstr("sweep them with --grid dram.pj_per_bit=4,8,15,20\n"));
  EXPECT_THAT(text, HasSubstr("\n  hbm2 = 3.9 pJ/bit, memory M: Fine-grained DRAM"));
  EXPECT_THAT(run_ldpsim({"explain", "dram.preset"}).out, HasSubstr("\nallowed: custom|lpddr3|lpddr4|"));
}

TEST(Explain, AFullDiskAndAClosedOutputAreTold) {
  for (const char* command : {"explain stripes", "explain stripes bitfusion array.kind", "list archs"}) {
    for (const char* output : {" > /dev/full", " >&-"}) {
      const Outcome run = testing_support::run_program({"bash", "-c", built("ldpsim") + " " + command + output});
      EXPECT_EQ(run.code, 3) << command << output;
      EXPECT_EQ(run.err, "error: standard output cannot be written; is the disk full?\n") << command << output;
    }
  }
}

TEST(Explain, WithoutAnythingToExplainOrList) {
  EXPECT_EQ(run_ldpsim({"explain"}).err,
            "ldpsim explain: error: nothing to explain is given; usage: ldpsim explain "
            "KEY|ACTION|COLUMN|CAUSE|MACHINE...\n");
  EXPECT_THAT(run_ldpsim({"list"}).err,
              HasSubstr("ldpsim list: error: nothing to list is given; usage: ldpsim list archs|networks|"));
  EXPECT_EQ(run_ldpsim({"list"}).code, 2);
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
