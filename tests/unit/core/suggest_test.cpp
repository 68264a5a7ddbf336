// SPDX-License-Identifier: Apache-2.0
#include "sim/core/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ldpsim {
namespace {

TEST(Suggest, EditDistanceCountsSwapsAsOne) {
  EXPECT_EQ(edit_distance("rows", "rows"), 0);
  EXPECT_EQ(edit_distance("rowz", "rows"), 1);
  EXPECT_EQ(edit_distance("orws", "rows"), 1);
  EXPECT_EQ(edit_distance("", "rows"), 4);
}

TEST(Suggest, NearestIsEmptyWhenNothingIsNear) {
  const std::vector<std::string> names{"stripes", "bitfusion"};
  EXPECT_EQ(nearest("strips", names), "stripes");
  EXPECT_EQ(nearest("bit-fusion", names), "bitfusion");
  EXPECT_EQ(nearest("unpu", names), "");
}

TEST(Suggest, HintAlwaysListsWhatIsAllowed) {
  const std::vector<std::string> names{"text", "csv"};
  EXPECT_EQ(allowed_hint("txt", names), "did you mean 'text'? allowed: text, csv");
  EXPECT_EQ(allowed_hint("yaml", names), "allowed: text, csv");
}

}  // namespace
}  // namespace ldpsim
