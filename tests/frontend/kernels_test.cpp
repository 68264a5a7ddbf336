// SPDX-License-Identifier: Apache-2.0
// The quantiser against a second statement of CPT's rule: one scalar at a time, integers for the codes, the C library
// for the rounding.
#include "frontend/quant/kernels.hpp"

#include <gmock/gmock.h>
#include <omp.h>

#include <cfenv>
#include <cmath>
#include <limits>

#include "sim/core/random.hpp"

namespace ldpsim::quant {
namespace {

using testing::Each;
using testing::ElementsAreArray;

struct Outcome {
  std::vector<float> values;
  std::vector<std::uint16_t> codes;
};

/// Volatile keeps every intermediate result a float32 that was rounded once.
Outcome restated(const std::vector<float>& x, int bits, bool stochastic, std::uint64_t key) {
  volatile float low = x[0], high = x[0];
  for (const float value : x) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const int top = (1 << bits) - 1;
  volatile float span = high - low;
  volatile float scale = span / static_cast<float>(top);
  if (scale < 1e-8f) scale = 1e-8f;
  Outcome outcome;
  for (std::size_t i = 0; i < x.size(); ++i) {
    volatile float distance = x[i] - low;
    volatile float steps = distance / scale;
    if (stochastic) steps = steps + noise(key, static_cast<std::uint32_t>(i));
    if (steps < 0) steps = 0;
    if (steps > static_cast<float>(top)) steps = static_cast<float>(top);
    const long code = std::lrintf(steps);
    volatile float product = static_cast<float>(code) * scale;
    outcome.codes.push_back(static_cast<std::uint16_t>(code));
    outcome.values.push_back(product + low);
  }
  return outcome;
}

Outcome tested(const std::vector<float>& x, int bits, bool stochastic, std::uint64_t key) {
  const auto count = static_cast<std::int64_t>(x.size());
  const Range range = find_range(x.data(), count);
  EXPECT_TRUE(range.finite);
  const Grid grid = make_grid(range.low, range.high - range.low, bits);
  Outcome outcome{std::vector<float>(x.size()), std::vector<std::uint16_t>(x.size())};
  if (stochastic) {
    quantise_stochastic(x.data(), count, grid, key, outcome.values.data());
    encode_stochastic(x.data(), count, grid, key, outcome.codes.data());
  } else {
    quantise_nearest(x.data(), count, grid, outcome.values.data());
    encode_nearest(x.data(), count, grid, outcome.codes.data());
  }
  return outcome;
}

std::vector<float> random_tensor(std::size_t count, float low, float high, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = low + (high - low) * static_cast<float>(random.uniform());
  return values;
}

/// Values that lie exactly between two codes, where rounding half to even shows.
std::vector<float> ties(int bits) {
  std::vector<float> values;
  const int top = (1 << bits) - 1;
  for (int code = 0; code < top; code += 1 + top / 1000) {
    values.push_back(static_cast<float>(code));
    values.push_back(static_cast<float>(code) + 0.5f);
  }
  values.push_back(static_cast<float>(top));
  return values;
}

std::vector<std::vector<float>> adversarial_tensors(int bits) {
  constexpr float kTiny = std::numeric_limits<float>::denorm_min(), kHuge = 1.5e38f;
  return {
      {0.0f},
      {-3.25f},
      {1e38f},
      std::vector<float>(37, 0.7f),
      std::vector<float>(20000, -1234.5f),
      {kTiny, 3 * kTiny, 2 * kTiny, 0, -kTiny},
      {1e-38f, 1e-40f, -1e-39f, 5e-39f},
      {-kHuge, 0.1f, kHuge, 1e30f, -1e-30f},
      {1e6f, 1e6f + 0.0625f, 1e6f + 0.125f, 1e6f + 0.25f},
      {-0.0f, 0.0f, 1.0f},
      random_tensor(1, -1, 1, 1),
      random_tensor(7, -1, 1, 2),
      random_tensor(16, 0, 6, 3),
      random_tensor(40001, -2, 3, 4),
      ties(bits),
  };
}

class Quantiser : public testing::TestWithParam<int> {};

TEST_P(Quantiser, EqualsTheScalarRestatementBitForBit) {
  const int bits = GetParam();
  for (const std::vector<float>& x : adversarial_tensors(bits)) {
    for (const bool stochastic : {false, true}) {
      const Outcome expected = restated(x, bits, stochastic, 0x123456789ABCDEFull),
                    found = tested(x, bits, stochastic, 0x123456789ABCDEFull);
      EXPECT_EQ(found.codes, expected.codes) << "first " << x[0] << " of " << x.size();
      ASSERT_EQ(found.values.size(), expected.values.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(found.values[i]), std::bit_cast<std::uint32_t>(expected.values[i]))
            << "element " << i << ", " << x[i] << (stochastic ? ", stochastic" : ", nearest");
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllBits, Quantiser, testing::Range(kMinBits, kMaxBits + 1));

TEST(QuantiserRange, SeesNonFiniteElementsWhereverTheyStand) {
  const float kWrong[] = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()};
  for (const float wrong : kWrong) {
    for (const std::size_t count : {1u, 5u, 8u, 100u, 40001u}) {
      for (const std::size_t at : {std::size_t{0}, count / 2, count - 1}) {
        std::vector<float> x(count, 1.0f);
        x[at] = wrong;
        EXPECT_FALSE(find_range(x.data(), static_cast<std::int64_t>(count)).finite)
            << wrong << " at " << at << " of " << count;
      }
    }
  }
}

TEST(StochasticRounding, IsUniformAndUnbiased) {
  constexpr std::uint32_t kCount = 1u << 20;
  double sum = 0, squares = 0;
  std::vector<int> bins(16);
  for (std::uint32_t i = 0; i < kCount; ++i) {
    const double u = static_cast<double>(noise(99, i)) + 0.5;
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    squares += u * u;
    ++bins[static_cast<std::size_t>(u * 16)];
  }
  EXPECT_NEAR(sum / kCount, 0.5, 0.002);  // 7 standard errors
  EXPECT_NEAR(squares / kCount, 1.0 / 3, 0.002);
  for (const int bin : bins) EXPECT_NEAR(bin, kCount / 16, 1800);  // 7 standard deviations

  std::vector<float> x(kCount, 0.3f), rounded(kCount);
  quantise_stochastic(x.data(), kCount, Grid{1, 0, 2}, 7, rounded.data());
  double mean = 0;
  for (const float value : rounded) mean += static_cast<double>(value) / kCount;
  EXPECT_NEAR(mean, 0.3, 0.004);
}

TEST(StochasticRounding, DependsOnBothHalvesOfTheKey) {
  EXPECT_NE(noise(1, 5), noise(2, 5));
  EXPECT_NE(noise(1, 5), noise(1 + (1ull << 32), 5));
  EXPECT_NE(noise(1, 5), noise(1, 6));
}

TEST(Kernels, GiveTheSameForAnyNumberOfThreads) {
  const std::vector<float> x = random_tensor(100003, -1, 1, 5), gradient = random_tensor(100003, -1, 1, 6);
  const auto count = static_cast<std::int64_t>(x.size());
  const Grid grid = make_grid(-1, 2, 5);
  const int threads = omp_get_max_threads();
  std::vector<std::vector<float>> outcomes;
  std::vector<double> products;
  for (const int use : {1, 2, 5}) {
    omp_set_num_threads(use);
    std::vector<float> out(x.size());
    quantise_stochastic(x.data(), count, grid, 11, out.data());
    products.push_back(error_product(gradient.data(), out.data(), x.data(), count));
    outcomes.push_back(out);
  }
  omp_set_num_threads(threads);
  EXPECT_THAT(outcomes, Each(outcomes[0]));
  EXPECT_THAT(products, Each(products[0]));
}

TEST(ErrorProduct, IsTheSumOfProducts) {
  const std::vector<float> x = random_tensor(30011, -1, 1, 8), gradient = random_tensor(30011, -1, 1, 9);
  const Outcome outcome = tested(x, 3, false, 0);
  double expected = 0, size = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double term =
        static_cast<double>(gradient[i]) * (static_cast<double>(outcome.values[i]) - static_cast<double>(x[i]));
    expected += term;
    size += std::abs(term);
  }
  const double found =
      error_product(gradient.data(), outcome.values.data(), x.data(), static_cast<std::int64_t>(x.size()));
  EXPECT_NEAR(found, expected, 1e-6 * size);
}

TEST(MovedMean, KeepsTheShareOfTheScheme) {
  float running = 0, quick = 0;
  for (int i = 0; i < 3; ++i) {
    running = moved_mean(running, 2, {});
    quick = moved_mean(quick, 2, {.kept = 0.1f, .taken = 0.9f});
  }
  EXPECT_FLOAT_EQ(running, 2 * (1 - 0.9f * 0.9f * 0.9f));
  EXPECT_FLOAT_EQ(quick, 2 * (1 - 0.1f * 0.1f * 0.1f));
}

}  // namespace
}  // namespace ldpsim::quant
