// SPDX-License-Identifier: Apache-2.0
#include "sim/results/diff.hpp"

#include <gtest/gtest.h>

#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

Table rows(std::int64_t cycles, double energy) {
  Table table({"arch", "layer", "cycles", "energy_pj"});
  table.add({"stripes", "conv1", cycles, energy});
  table.add({"stripes", "total", cycles, energy});
  return table;
}

class Diff : public ::testing::Test {
 protected:
  ResultsFile file(const std::string& name) { return ResultsFile::open_or_create(folder_.path(name)); }
  testing_support::ScratchFolder folder_;
};

TEST_F(Diff, EqualFilesHaveNoDifferences) {
  ResultsFile a = file("a"), b = file("b");
  a.add("sweep", {"k1", 0, "one", ""}, rows(5, 1.5));
  b.add("sweep", {"k1", 0, "one", ""}, rows(5, 1.5));
  const Table table = diff_results(a, b, 0);
  EXPECT_TRUE(table.rows().empty());
  EXPECT_EQ(table.notes(), std::vector<std::string>{"8 cells of 1 points compared, 0 differences"});
}

TEST_F(Diff, NumbersAreMatchedByLabelWhateverTheKey) {
  ResultsFile a = file("a"), b = file("b");
  a.add("sweep", {"k1", 0, "one", ""}, rows(100, 1.5));
  b.add("sweep", {"k2", 3, "one", ""}, rows(101, 1.5));
  const Table table = diff_results(a, b, 0.001);
  ASSERT_EQ(table.rows().size(), 2u);
  EXPECT_EQ(table.rows()[1],
            (std::vector<Cell>{"sweep", "one", "stripes total", "cycles", std::int64_t{100}, std::int64_t{101}, 0.01}));
  EXPECT_TRUE(diff_results(a, b, 0.01).rows().empty());
}

TEST_F(Diff, WhatOneFileLacksIsADifference) {
  ResultsFile a = file("a"), b = file("b");
  a.add("sweep", {"k1", 0, "one", ""}, rows(1, 1));
  a.add("sweep", {"k2", 1, "two", ""}, rows(1, 1));
  Table narrow({"arch", "layer", "cycles"});
  narrow.add({"stripes", "conv1", std::int64_t{1}});
  b.add("sweep", {"k1", 0, "one", ""}, narrow);
  b.add("replay", {"k3", 0, "one", ""}, narrow);
  const Table table = diff_results(a, b, 0);
  ASSERT_EQ(table.rows().size(), 4u);
  EXPECT_EQ(table.rows()[0], (std::vector<Cell>{"replay", "one", {}, {}, {}, "there", {}}));
  EXPECT_EQ(table.rows()[1], (std::vector<Cell>{"sweep", "one", "stripes conv1", "energy_pj", 1.0, {}, {}}));
  EXPECT_EQ(table.rows()[2], (std::vector<Cell>{"sweep", "one", "stripes total", {}, "there", {}, {}}));
  EXPECT_EQ(table.rows()[3], (std::vector<Cell>{"sweep", "two", {}, {}, "there", {}, {}}));
}

}  // namespace
}  // namespace ldpsim
