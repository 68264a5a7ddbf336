// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/core/error.hpp"
#include "tests/support/datapath_cases.hpp"

namespace ldpsim::test {
namespace {

/// `products` times code x code on one output.
Case repeated(std::int64_t products, int code_a, int code_b, PassBits bits) {
  Case c;
  c.bits = bits;
  const Layer layer{.name = "sum", .kind = LayerKind::kLinear, .in_channels = products, .out_channels = 1};
  c.problem = lower(layer, Pass::kForward, 1).front();
  const auto fill = [&](int code, int width, bool is_signed) {
    return QuantisedTensor{.shape = {products},
                           .bits = width,
                           .is_signed = is_signed,
                           .codes = std::vector<std::int32_t>(static_cast<std::size_t>(products), code),
                           .scale = {1},
                           .offset = {0}};
  };
  c.moving = fill(code_a, bits.moving, bits.moving_signed);
  c.stationary = fill(code_b, bits.stationary, bits.stationary_signed);
  return c;
}

std::int64_t sum_of(const Case& c, const AccumulatorSpec& accumulator) {
  const auto task = make_task(c, Machine::kBitSerial, accumulator);
  walk_whole(c.problem, *task);
  return task->sums().products.at(0);
}

TEST(Accumulator, UnsignedSumsUseEveryBit) {
  const Case c = repeated(3, 15, 15, {4, 4});  // 675
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kSplit}), 675);
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kWrap}), 675 - 2 * 256);
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kSaturate}), 255);
  EXPECT_EQ(sum_of(c, {.bits = 10, .overflow = Overflow::kWrap}), 675);
}

TEST(Accumulator, SignedSumsAreTwosComplement) {
  const Case c = repeated(3, -8, 7, {4, 4, true, true});  // -168
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kWrap}), -168 + 256);
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kSaturate}), -128);
  EXPECT_EQ(sum_of(c, {.bits = 9, .overflow = Overflow::kSaturate}), -168);
}

TEST(Accumulator, SaturationDependsOnTheOrderOfSteps) {
  // steps of one lane: +49 five times stops at 127, then -56 five times; all at once only the sum counts
  Case c = repeated(10, 7, 7, {4, 4, true, true});
  std::fill(c.moving.codes.begin() + 5, c.moving.codes.end(), -8);
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kSaturate, .lanes = 1}), std::max(-128, 127 - 5 * 56));
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kSaturate, .lanes = 5}),
            127 - 5 * 56 < -128 ? -128 : 127 - 5 * 56);
  EXPECT_EQ(sum_of(c, {.bits = 8, .overflow = Overflow::kSaturate, .lanes = 10}), 5 * 49 - 5 * 56);
}

TEST(Accumulator, ProductsThatFitAreTheWorstCase) {
  EXPECT_EQ(products_that_fit({.bits = 32}, {8, 8}), 66051);  // (2^32-1) / 255^2
  EXPECT_EQ(products_that_fit({.bits = 32}, {16, 16}), 1);    // 65535^2 < 2^32
  EXPECT_EQ(products_that_fit({.bits = 31}, {16, 16}), 0);
  EXPECT_EQ(products_that_fit({.bits = 32}, {8, 8, true, true}), 131071);  // (2^31-1) / 2^14
  EXPECT_EQ(products_that_fit({.bits = 32}, {8, 8, false, true}), 65793);  // 2^31 / (255*128)
}

TEST(Accumulator, SpillsAreCountedPerOutput) {
  EXPECT_EQ(spills_per_output({.bits = 32}, {8, 8}, 66051), 0);
  EXPECT_EQ(spills_per_output({.bits = 32}, {8, 8}, 131072), 1);
  const Case c = repeated(10, 3, 3, {2, 2});
  const auto task = make_task(c, Machine::kBrick, {.bits = 5});  // three products of up to 9 fit 31
  walk_whole(c.problem, *task);
  EXPECT_EQ(task->spills(), 3);
  EXPECT_EQ(task->sums().products.at(0), 90);
  EXPECT_EQ(task->accumulator_bits_needed(), 7);
}

TEST(Accumulator, BitsNeeded) {
  EXPECT_EQ(accumulator_bits_for(0, 255, {8, 8}), 8);
  EXPECT_EQ(accumulator_bits_for(0, 256, {8, 8}), 9);
  EXPECT_EQ(accumulator_bits_for(-128, 127, {8, 8, true, true}), 8);
  EXPECT_EQ(accumulator_bits_for(-129, 0, {8, 8, true, false}), 9);
  EXPECT_EQ(accumulator_bits_for(0, 128, {8, 8, true, false}), 9);
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Accumulator, WhatCannotBeIsRefused) {
  const Case c = repeated(2, 3, 3, {2, 2});
  EXPECT_EQ(error_of([&] { sum_of(c, {.bits = 3}); }),
            "accumulator: error: one product of 2 by 2 bits does not fit accumulator_bits 3; raise accumulator_bits, "
            "or choose overflow wrap or "
            "saturate");
  EXPECT_EQ(error_of([&] { sum_of(c, {.bits = 63}); }), "accumulator: error: accumulator_bits is 63; allowed: 1 to 62");
  Case wide = c;
  wide.moving.codes[1] = 4;
  EXPECT_EQ(error_of([&] { sum_of(wide, {}); }),
            "moving operand: error: code 4 of element 1 does not fit 2 bits; allowed: 0 to 3");
  wide.bits.moving_signed = true;
  EXPECT_EQ(error_of([&] { sum_of(wide, {}); }),
            "moving operand: error: code 3 of element 0 does not fit 2 signed bits; allowed: -2 to 1");
  EXPECT_EQ(error_of([] { overflow_of("clamp", "m.yaml:3"); }),
            "m.yaml:3: error: unknown overflow mode 'clamp'; allowed: split, wrap, saturate");
}

}  // namespace
}  // namespace ldpsim::test
