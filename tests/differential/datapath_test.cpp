// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/datapath_cases.hpp"

namespace ldpsim::test {
namespace {

/// Every bit-width pair in every signedness, each on random layers, a random pass, both machines, random tilings.
TEST(Datapath, EveryBitWidthPairEqualsTheReference) {
  Random random(16);
  for (int moving = 1; moving <= 16; ++moving)
    for (int stationary = 1; stationary <= 16; ++stationary)
      for (int sign = 0; sign < 4; ++sign) {
        const Case c = random_case(random, {moving, stationary, (sign & 1) != 0, (sign & 2) != 0});
        for (const Machine machine : kMachines) ASSERT_NO_FATAL_FAILURE(expect_equal(c, machine, {.bits = 48}, random));
      }
}

}  // namespace
}  // namespace ldpsim::test
