// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/program.hpp"

namespace ldpsim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing_support::built;
using testing_support::Outcome;
using testing_support::read_file;
using testing_support::run_ldpsim;
using testing_support::run_program;
using testing_support::ScratchFolder;

constexpr char kText[] =
    "check  machine  workload  figure                  unit  expected     got    difference  tolerance  verdict\n"
    "V6     stripes  vgg19     speedup over dadiannao        1.3 to 1.35  1.345  0 %         in range   holds\n"
    "V6: found: Judd et al., Stripes, MICRO 2016: the least speedup of all networks is 1.30x; the closed formula gives "
    "1.35x\n"
    "1 of 1 figures hold; 0 of them rest on constants that were calibrated to them\n";

TEST(ValidateCommand, PrintsFigureByFigure) {
  const Outcome run = run_ldpsim({"validate", "--only", "V6"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out, kText);
}

TEST(ValidateCommand, CsvHasAllColumns) {
  const Outcome run = run_ldpsim({"validate", "--only", "V3,V4", "--format", "csv"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, StartsWith("check,machine,workload,figure,unit,expected,expected_most,got,difference,tolerance,"
                                  "tolerance_unit,verdict,confidence,calibrated,source,remark\n"
                                  "V3,bitfusion-eyeriss,alexnet-2x,share of DRAM in the energy,percent,80,80,80.2"));
  EXPECT_THAT(run.out, HasSubstr(",points,holds,derived,,\"Sharma et al., Bit Fusion, ISCA 2018: rows and constants"));
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 1 + 3 + 1);
}

TEST(ValidateCommand, TheWholeMatrixHolds) {
  const Outcome run = run_ldpsim({"validate", "--format", "csv"});
  EXPECT_EQ(run.code, 0) << run.out;
  EXPECT_THAT(run.out, Not(HasSubstr(",fails,")));
}

/// The expected figures are data: with others, the same machines fail.
TEST(ValidateCommand, AFigureBeyondItsToleranceExitsWithOne) {
  const ScratchFolder data;
  for (const std::string folder : {"arch_configs", "networks"})
    std::filesystem::create_directory_symlink(std::string(LDPSIM_SOURCE_DIR) + "/" + folder, data.path(folder));
  std::filesystem::copy(std::string(LDPSIM_SOURCE_DIR) + "/published", data.path("published"),
                        std::filesystem::copy_options::recursive);
  const auto replace = [&](const std::string& file, const std::string& from, const std::string& to) {
    std::string text = read_file(data.path("published/validation/" + file));
    ASSERT_NE(text.find(from), std::string::npos);
    text.replace(text.find(from), from.size(), to);
    data.write("published/validation/" + file, text);
  };
  replace("stripes-vgg19.yaml", "[1.30, 1.35]", "[1.36, 1.40]");
  replace("bit_fusion_release.csv", "0,337175,", "0,337176,");
  const std::string program = built("ldpsim");
  const Outcome run = run_program({"env", "LDPSIM_DATA=" + data.path("."), program, "validate", "--only", "V1,V6"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.out, HasSubstr("1.36 to 1.4"));
  EXPECT_THAT(run.out, HasSubstr("-1.1 %"));
  EXPECT_THAT(run.out, HasSubstr("V1: lstm layer matmul: cycles is 337175, released as 337176\n"));
  EXPECT_THAT(run.out, HasSubstr("18 of 20 figures hold"));
}

}  // namespace
}  // namespace ldpsim
