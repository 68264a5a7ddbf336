// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/minifloat.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "sim/core/error.hpp"
#include "sim/core/random.hpp"
#include "tests/support/softfloat.hpp"

namespace ldpsim {
namespace {

const FloatFormat kFp143{4, 3}, kFp152{5, 2}, kFp16{5, 10}, kFp169{6, 9};

FloatFormat saturating(FloatFormat format) {
  format.overflow = FloatOverflow::kSaturate;
  return format;
}

std::uint32_t product(std::uint32_t a, std::uint32_t b, const FloatFormat& in, const FloatFormat& out) {
  return multiply_floats(unpack_float(a, in), unpack_float(b, in), out);
}
std::uint32_t sum(std::uint32_t a, std::uint32_t b, const FloatFormat& in, const FloatFormat& out) {
  return add_floats(unpack_float(a, in), unpack_float(b, in), out);
}

/// NaNs are one; everything else bit by bit.
::testing::AssertionResult same(std::uint32_t have, std::uint32_t want, const test::NumberList& list) {
  if (have == want || (list.is_nan(have) && list.is_nan(want))) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << std::hex << have << " instead of " << want;
}

/// Every pair of every 8-bit format, rounded to itself and to both 16-bit formats, with both kinds of overflow.
TEST(Minifloat, AllPairsOfEightBitsEqualTheReference) {
  for (const FloatFormat& in : {kFp143, kFp152}) {
    const test::NumberList inputs(in.exponent_bits, in.mantissa_bits);
    for (const FloatFormat& plain : {in, kFp16, kFp169})
      for (const FloatFormat& out : {plain, saturating(plain)}) {
        const test::NumberList list(out.exponent_bits, out.mantissa_bits);
        const bool saturate = out.overflow == FloatOverflow::kSaturate;
        for (std::uint32_t a = 0; a < 256; ++a)
          for (std::uint32_t b = 0; b < 256; ++b) {
            const double x = inputs.number(a), y = inputs.number(b);
            ASSERT_TRUE(same(product(a, b, in, out), list.nearest(x * y, saturate), list)) << x << " * " << y;
            ASSERT_TRUE(same(sum(a, b, in, out), list.nearest(x + y, saturate), list)) << x << " + " << y;
          }
      }
  }
}

/// Zeros, the ends of subnormals, normals and exponents, ones and their neighbours, infinities, NaN; and random bits.
std::vector<std::uint32_t> samples(const FloatFormat& format, Random& random) {
  std::vector<std::uint32_t> bits;
  const std::uint32_t least_normal = 1u << format.mantissa_bits, one = static_cast<std::uint32_t>(format.bias())
                                                                       << format.mantissa_bits;
  for (const std::uint32_t edge : {0u, least_normal, 2 * least_normal, one, one + least_normal, format.infinity()})
    for (const int step : {-2, -1, 0, 1, 2}) bits.push_back((edge + static_cast<std::uint32_t>(step)) & 0x7FFFu);
  for (int i = 0; i < 300; ++i) bits.push_back(static_cast<std::uint32_t>(random.next()) & 0x7FFFu);
  const std::size_t positive = bits.size();
  for (std::size_t i = 0; i < positive; ++i) bits.push_back(bits[i] | format.sign_bit());
  return bits;
}

TEST(Minifloat, SixteenBitsEqualTheReference) {
  Random random(16);
  for (const FloatFormat& format : {kFp16, saturating(kFp16), kFp169, saturating(kFp169)}) {
    const test::NumberList list(format.exponent_bits, format.mantissa_bits);
    const bool saturate = format.overflow == FloatOverflow::kSaturate;
    const std::vector<std::uint32_t> bits = samples(format, random);
    for (const std::uint32_t a : bits)
      for (const std::uint32_t b : bits) {
        const double x = list.number(a), y = list.number(b);
        ASSERT_TRUE(same(product(a, b, format, format), list.nearest(x * y, saturate), list)) << x << " * " << y;
        ASSERT_TRUE(same(sum(a, b, format, format), list.nearest(x + y, saturate), list)) << x << " + " << y;
      }
  }
}

TEST(Minifloat, EveryNumberIsItsOwnNearest) {
  for (const FloatFormat& format : {kFp143, kFp152, kFp16, kFp169}) {
    const test::NumberList list(format.exponent_bits, format.mantissa_bits);
    for (std::uint32_t bits = 0; bits < list.all(); ++bits) {
      if (list.is_nan(bits)) continue;
      ASSERT_EQ(value_of(bits, format), list.number(bits));
      ASSERT_EQ(float_of(list.number(bits), format), bits);
    }
  }
}

TEST(Minifloat, DoublesAreRoundedOnce) {
  Random random(3);
  for (const FloatFormat& format : {kFp143, kFp152, kFp16, kFp169}) {
    const test::NumberList list(format.exponent_bits, format.mantissa_bits);
    for (int i = 0; i < 20000; ++i) {
      const double value = std::ldexp(random.uniform() - 0.5, static_cast<int>(random.between(-45, 40)));
      ASSERT_EQ(float_of(value, format), list.nearest(value, false)) << value;
    }
  }
}

#ifdef __FLT16_MAX__
/// The compiler's own half precision (F16C where the processor has it).
TEST(Minifloat, HalfPrecisionEqualsTheProcessors) {
  Random random(5);
  const auto as_half = [](std::uint32_t bits) { return std::bit_cast<_Float16>(static_cast<std::uint16_t>(bits)); };
  const auto bits_of = [](_Float16 half) { return std::uint32_t{std::bit_cast<std::uint16_t>(half)}; };
  const test::NumberList list(5, 10);
  for (int i = 0; i < 200000; ++i) {
    const std::uint32_t a = static_cast<std::uint32_t>(random.next()) & 0xFFFFu,
                        b = static_cast<std::uint32_t>(random.next()) & 0xFFFFu;
    const _Float16 x = as_half(a), y = as_half(b);
    ASSERT_TRUE(same(product(a, b, kFp16, kFp16), bits_of(static_cast<_Float16>(x * y)), list));
    ASSERT_TRUE(same(sum(a, b, kFp16, kFp16), bits_of(static_cast<_Float16>(x + y)), list));
    const float wide = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    ASSERT_TRUE(same(float_of(double{wide}, kFp16), bits_of(static_cast<_Float16>(wide)), list)) << wide;
  }
}
#endif

TEST(Minifloat, FormatsAreNamed) {
  EXPECT_EQ(float_format_of("1-4-3", "m"), kFp143);
  EXPECT_EQ(float_format_of("1-6-9", "m"), kFp169);
  try {
    float_format_of("1-4-4", "m.yaml:7");
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "m.yaml:7: error: unknown floating-point format '1-4-4'; did you mean '1-4-3'? allowed: 1-4-3, 1-5-2, "
                 "1-5-10, 1-6-9");
  }
}

}  // namespace
}  // namespace ldpsim
