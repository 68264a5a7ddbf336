// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/near_zero.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ldpsim {
namespace {

using ::testing::ElementsAre;

QuantisedTensor tensor(std::vector<std::int32_t> codes, int bits, double scale, double offset) {
  return {.shape = {static_cast<std::int64_t>(codes.size())},
          .bits = bits,
          .codes = std::move(codes),
          .scale = {scale},
          .offset = {offset}};
}

TEST(NearZero, ThresholdIsAFractionOfTheRange) {
  // real zero lies at code 100 of 255
  const QuantisedTensor t = tensor({0, 97, 98, 100, 102, 103, 255}, 8, 0.5, -50);
  EXPECT_THAT(NearZero::elements(t, 0), ElementsAre(0, 0, 0, 1, 0, 0, 0));
  EXPECT_THAT(NearZero::elements(t, 0.0079), ElementsAre(0, 0, 1, 1, 1, 0, 0));  // 2.01 codes
  EXPECT_THAT(NearZero::snapped(t, 0.0079).codes, ElementsAre(0, 97, 100, 100, 100, 103, 255));
  EXPECT_EQ(NearZero::snapped(t, 0).codes, t.codes);
}

TEST(NearZero, ARangeWithoutZeroHasItsEndForZero) {
  EXPECT_THAT(NearZero::elements(tensor({0, 1, 2, 15}, 4, 1, 3), 0.07), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(NearZero::elements(tensor({0, 13, 14, 15}, 4, 1, -100), 0.07), ElementsAre(0, 0, 1, 1));
}

TEST(NearZero, SignedCodesAndScalesPerChannel) {
  QuantisedTensor t = tensor({-8, 0, 1, 7, -8, 0, 1, 7}, 4, 1, 0);
  t.is_signed = true;
  t.scale = {1, 2};
  t.offset = {0, -2};
  EXPECT_THAT(NearZero::elements(t, 0), ElementsAre(0, 1, 0, 0, 0, 0, 1, 0));
}

}  // namespace
}  // namespace ldpsim
