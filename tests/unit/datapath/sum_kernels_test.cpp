// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/sum_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/core/random.hpp"

namespace ldpsim {
namespace {

TEST(SumKernels, ScaledSumsKeepTheExtremes) {
  std::vector<std::int32_t> sums{5, -3, 7, 0, 2, 9, -11, 4, 1, 1, 1};
  std::vector<double> values(sums.size(), 1.0);
  SumRange range;
  add_scaled(sums.data(), static_cast<std::int64_t>(sums.size()), 0.5, values.data(), range);
  EXPECT_EQ(range.least, -11);
  EXPECT_EQ(range.most, 9);
  for (std::size_t i = 0; i < sums.size(); ++i) EXPECT_EQ(values[i], 1.0 + 0.5 * sums[i]);
}

TEST(SumKernels, ExtremesOfAnyCountAreFound) {
  Random random(6);
  for (std::int64_t count = 0; count < 40; ++count) {
    std::vector<std::int64_t> sums;
    SumRange expected, range;
    for (std::int64_t i = 0; i < count; ++i) {
      sums.push_back(random.between(-(std::int64_t{1} << 50), std::int64_t{1} << 50));
      expected.least = std::min(expected.least, sums.back());
      expected.most = std::max(expected.most, sums.back());
    }
    widen(sums.data(), count, range);
    ASSERT_EQ(range.least, expected.least);
    ASSERT_EQ(range.most, expected.most);
  }
}

/// Every count of lanes gives the very same value: terms are rounded one by one on every processor.
TEST(SumKernels, DequantisationIsTheSameInEveryLane) {
  Random random(8);
  std::vector<std::int64_t> products;
  std::vector<double> moving, stationary, taps, values(37);
  for (int i = 0; i < 37; ++i) {
    products.push_back(random.between(-(std::int64_t{1} << 51), (std::int64_t{1} << 51) - 1));
    moving.push_back(static_cast<double>(random.between(0, 1 << 20)));
    stationary.push_back(static_cast<double>(random.between(0, 1 << 20)));
    taps.push_back(static_cast<double>(random.between(0, 9)));
  }
  for (const bool small : {true, false}) {
    const Dequantisation sums{products.data(),   small,       moving.data(),
                              stationary.data(), taps.data(), {0.1, 0.03, -0.7, 1.3}};
    SumRange range;
    dequantise(sums, 37, values.data(), range);
    EXPECT_EQ(range.least, std::min<std::int64_t>(0, *std::min_element(products.begin(), products.end())));
    EXPECT_EQ(range.most, std::max<std::int64_t>(0, *std::max_element(products.begin(), products.end())));
    for (std::size_t i = 0; i < 37; ++i) {
      const volatile double a = 0.1 * static_cast<double>(products[i]), b = 0.03 * moving[i], c = -0.7 * stationary[i],
                            d = 1.3 * taps[i];
      const volatile double ab = a + b;
      const volatile double abc = ab + c;
      EXPECT_EQ(values[i], abc + d);
    }
  }
}

TEST(SumKernels, ShiftedSumsAreAddedIn64Bits) {
  Random random(9);
  for (const int shift : {0, 8, 16}) {
    std::vector<std::int32_t> sums;
    std::vector<std::int64_t> out, expected;
    for (int i = 0; i < 21; ++i) {
      sums.push_back(static_cast<std::int32_t>(random.between(-(std::int64_t{1} << 31), (std::int64_t{1} << 31) - 1)));
      out.push_back(random.between(-1000, 1000));
      expected.push_back(out.back() + sums.back() * (std::int64_t{1} << shift));
    }
    add_wide(sums.data(), 21, shift, out.data());
    EXPECT_EQ(out, expected);
  }
}

}  // namespace
}  // namespace ldpsim
