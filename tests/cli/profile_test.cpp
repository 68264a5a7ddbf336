// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/program.hpp"

namespace ldpsim {
namespace {

using ::testing::HasSubstr;
using testing_support::Outcome;
using testing_support::run_ldpsim;
using testing_support::ScratchFolder;

const std::string kAlexNet = std::string(LDPSIM_SOURCE_DIR) + "/networks/alexnet.csv";

Outcome simulate(std::vector<std::string> more) {
  std::vector<std::string> arguments{"simulate", kAlexNet,   "--arch",  "stripes",  "--batch",
                                     "1",        "--passes", "forward", "--format", "csv"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_ldpsim(arguments);
}

TEST(Profile, OfTheShippedSetsByNameAndOfAFile) {
  EXPECT_THAT(simulate({}).out, HasSubstr("\nstripes,per_group,1,conv2,forward,16,8,8,"));
  const Outcome named = simulate({"--profile", "stripes-99"});
  EXPECT_EQ(named.code, 0) << named.err;
  EXPECT_THAT(named.out, HasSubstr("\nstripes,per_group,1,conv2,forward,16,7,8,"));
  const ScratchFolder folder;
  const Outcome own = simulate({"--profile", folder.write("own.csv", "layer,weight_bits\nconv2,3\n")});
  EXPECT_EQ(own.code, 0) << own.err;
  EXPECT_THAT(own.out, HasSubstr("\nstripes,per_group,1,conv2,forward,3,8,8,"));
  EXPECT_THAT(own.out, HasSubstr("\nstripes,per_group,1,conv3,forward,16,5,8,"));
}

TEST(Profile, IsListedAndCounted) {
  EXPECT_THAT(run_ldpsim({"list", "profiles", "--format", "csv"}).out, HasSubstr("\nstripes-99,alexnet,"));
  const auto bitops = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"bitops", kAlexNet, "--format", "csv"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_ldpsim(arguments);
  };
  const Outcome table = bitops({}), named = bitops({"--profile", "stripes-99"});
  EXPECT_EQ(named.code, 0) << named.err;
  EXPECT_NE(named.out, table.out);
  EXPECT_EQ(bitops({"--profile", "stripes-99", "--bits", "8"}).code, 2);
}

TEST(Activity, OfTheOperandsOnDemand) {
  const auto lenet = [](std::vector<std::string> more) {
    std::vector<std::string> arguments{"simulate", std::string(LDPSIM_SOURCE_DIR) + "/networks/lenet.csv",
                                       "--arch",   "stripes",
                                       "--batch",  "1",
                                       "--passes", "forward"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_ldpsim(arguments);
  };
  const std::string plain = lenet({}).out;
  const Outcome asked = lenet({"--values", "uniform", "--activity", "operands"});
  EXPECT_EQ(asked.code, 0) << asked.err;
  EXPECT_THAT(asked.out, HasSubstr("energy of the PEs follows the operands' bits"));
  EXPECT_NE(asked.out, plain);
  EXPECT_EQ(lenet({"--values", "uniform", "--activity", "uniform"}).out, plain) << "stripes does not look at values";
  const Outcome none = lenet({"--activity", "operands"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err,
            "--activity: error: a network table has no captured operands; replay a trace that has, or make operands up "
            "with --values uniform\n");
  EXPECT_EQ(lenet({"--activity", "operand"}).err,
            "--activity: error: unknown bits 'operand'; did you mean 'operands'? allowed: uniform, operands\n");
}

TEST(Profile, NamesWhatThereIs) {
  const Outcome unknown = simulate({"--profile", "stripes-98"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.err,
            "--profile: error: network alexnet has no profile 'stripes-98'; did you mean 'stripes-99'? allowed: "
            "stripes-99\n");
  const Outcome both = simulate({"--profile", "stripes-99", "--bits", "8"});
  EXPECT_EQ(both.code, 2);
  EXPECT_EQ(both.err, "--profile: error: does not go with --bits; leave one of them out\n");
}

}  // namespace
}  // namespace ldpsim
