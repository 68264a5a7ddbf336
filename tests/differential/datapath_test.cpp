// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/datapath/bit_kernels.hpp"
#include "tests/support/datapath_cases.hpp"
#include "tests/support/layer_kinds.hpp"

namespace ldpsim::test {
namespace {

/// Every bit-width pair in every signedness, each on a random layer, a random pass, both machines, random tilings.
TEST(Datapath, EveryBitWidthPairEqualsTheReference) {
  Random random(16);
  for (int moving = 1; moving <= 16; ++moving)
    for (int stationary = 1; stationary <= 16; ++stationary)
      for (int sign = 0; sign < 4; ++sign) {
        const Case c = random_case(random, {moving, stationary, (sign & 1) != 0, (sign & 2) != 0});
        for (const Machine machine : kMachines) ASSERT_NO_FATAL_FAILURE(expect_equal(c, machine, {.bits = 48}, random));
      }
}

/// Each pass with and without a scale per channel, with inserted zeros computed and skipped, at a few precisions.
TEST(Datapath, EveryPassAndOptionEqualsTheReference) {
  Random random(7);
  for (const Pass pass : kAllPasses)
    for (const InsertedZeros zeros : {InsertedZeros::kCompute, InsertedZeros::kSkip})
      for (const bool per_channel : {false, true})
        for (int trial = 0; trial < 12; ++trial) {
          const PassBits bits{static_cast<int>(random.between(1, 9)), static_cast<int>(random.between(1, 9)),
                              trial % 3 == 0, trial % 4 == 0};
          const Case c = make_case(random, random_layer(random), pass, random.between(1, 3), bits, zeros, per_channel);
          for (const Machine machine : kMachines)
            ASSERT_NO_FATAL_FAILURE(expect_equal(c, machine, {.bits = 48}, random));
        }
}

/// Grouped, depthwise, pointwise, strided, fully connected and products of two activations, in all passes.
TEST(Datapath, EveryKindOfLayerEqualsTheReference) {
  Random random(12);
  for (const Layer& layer : layer_kinds())
    for (const Pass pass : kAllPasses)
      for (const std::int64_t batch : {1, 3})
        for (const bool per_channel : {false, true}) {
          const PassBits bits{static_cast<int>(random.between(1, 16)), static_cast<int>(random.between(1, 16)),
                              random.between(0, 1) == 0, random.between(0, 1) == 0};
          const Case c = make_case(random, layer, pass, batch, bits, InsertedZeros::kSkip, per_channel);
          for (const Machine machine : kMachines)
            ASSERT_NO_FATAL_FAILURE(expect_equal(c, machine, {.bits = 48}, random)) << layer.name;
        }
}

/// Reductions and outputs longer than one word, one chunk of windows, one byte of counts and one block of lanes.
TEST(Datapath, LongReductionsEqualTheReference) {
  Random random(9);
  for (const std::int64_t channels : {31, 33, 129}) {
    Layer layer{.name = "long",
                .in_channels = channels,
                .out_channels = 19,
                .in_height = 9,
                .in_width = 11,
                .kernel_height = 3,
                .kernel_width = 3,
                .padding = 1};
    for (const Pass pass : kAllPasses)
      for (const bool per_channel : {false, true}) {
        const Case c =
            make_case(random, layer, pass, 2, {8, 7, false, channels == 33}, InsertedZeros::kCompute, per_channel);
        for (const Machine machine : kMachines) ASSERT_NO_FATAL_FAILURE(expect_equal(c, machine, {.bits = 48}, random));
      }
  }
}

/// Tiles large enough to be computed as they are walked, each loop cut in two.
TEST(Datapath, LargeTilesEqualTheReference) {
  Random random(31);
  const Layer layer{.name = "wide", .in_channels = 600, .out_channels = 5, .in_height = 20, .in_width = 20};
  for (const Pass pass : {Pass::kForward, Pass::kBackwardWeight}) {
    const Case c = make_case(random, layer, pass, 1, {6, 5}, InsertedZeros::kCompute, false);
    const auto task = make_task(c, Machine::kBitSerial);
    const TileShape whole = loop_extents(c.problem);
    for (int cut = 0; cut < 1 << kLoopCount; ++cut) {
      TileRange tile = whole_group(c.problem, 0);
      bool empty = false;
      for (std::size_t l = 0; l < kLoopCount; ++l) {
        const std::int64_t middle = (whole.extent[l] * 9 + 9) / 10;
        ((cut >> l & 1) != 0 ? tile.first : tile.last)[l] = middle;
        empty |= tile.first[l] == tile.last[l];
      }
      if (!empty) task->compute(tile);
    }
    task->finish();
    const IntegerSums expected = reference_sums(c.problem, c.operands());
    EXPECT_EQ(task->sums().products, expected.products);
    EXPECT_EQ(task->sums().moving, expected.moving);
    EXPECT_EQ(task->sums().stationary, expected.stationary);
    EXPECT_EQ(task->sums().taps, expected.taps);
  }
}

/// 40,000 products of the largest codes: more than 32 bits may sum at once.
TEST(Datapath, SumsBeyond32BitsAreExact) {
  Layer layer{.name = "tall", .kind = LayerKind::kLinear, .in_channels = 40000, .out_channels = 2};
  Random random(1);
  for (const bool is_signed : {false, true}) {
    Case c = make_case(random, layer, Pass::kForward, 1, {8, 16, is_signed, is_signed}, InsertedZeros::kCompute, false);
    std::fill(c.moving.codes.begin(), c.moving.codes.end(), is_signed ? -128 : 255);
    std::fill(c.stationary.codes.begin(), c.stationary.codes.end(), is_signed ? -32768 : 65535);
    for (const Machine machine : kMachines) ASSERT_NO_FATAL_FAILURE(expect_equal(c, machine, {.bits = 48}, random));
    // of 8 bits, whole codes too, in two calls of their kernel
    c.bits.stationary = c.stationary.bits = 8;
    std::fill(c.stationary.codes.begin(), c.stationary.codes.end(), is_signed ? -128 : 255);
    ASSERT_NO_FATAL_FAILURE(expect_equal(c, Machine::kBitSerial, {.bits = 48}, random));
  }
}

/// All products of two codes: positions hold the moving codes, filters the stationary ones.
TEST(Datapath, SingleProductsAreExhaustive) {
  for (int p = 1; p <= 4; ++p)
    for (int q = 1; q <= 4; ++q)
      for (int sign = 0; sign < 4; ++sign) {
        Case c;
        c.bits = {p, q, (sign & 1) != 0, (sign & 2) != 0};
        const Layer layer{
            .name = "product", .in_channels = 1, .out_channels = 1 << q, .in_height = 1, .in_width = 1 << p};
        c.problem = lower(layer, Pass::kForward, 1).front();
        const auto all_codes = [](int bits, bool is_signed) {
          QuantisedTensor t{.shape = {std::int64_t{1} << bits},
                            .bits = bits,
                            .is_signed = is_signed,
                            .codes = {},
                            .scale = {1},
                            .offset = {0}};
          for (int code = 0; code < 1 << bits; ++code) t.codes.push_back(is_signed ? code - (1 << (bits - 1)) : code);
          return t;
        };
        c.moving = all_codes(p, c.bits.moving_signed);
        c.stationary = all_codes(q, c.bits.stationary_signed);
        for (const Machine machine : kMachines)
          for (const Arithmetic arithmetic : {Arithmetic::kArray, Arithmetic::kCodes}) {
            c.arithmetic = arithmetic;
            const auto task = make_task(c, machine);
            walk_whole(c.problem, *task);
            std::size_t i = 0;
            for (const std::int32_t w : c.stationary.codes)
              for (const std::int32_t a : c.moving.codes)
                ASSERT_EQ(task->sums().products[i++], w * a) << describe(c, machine);
          }
      }
}

/// The layers of ResNet-20 and their like, strided, depthwise and linear ones: shapes that fill registers along windows
/// or along places, with and without a rest.
TEST(Datapath, ShapesThatFillRegistersEqualTheReference) {
  Random random(41);
  const Layer layers[] = {
      {.name = "first", .in_channels = 3, .out_channels = 16, .in_height = 32, .in_width = 32},
      {.name = "down", .in_channels = 16, .out_channels = 18, .in_height = 16, .in_width = 16, .stride = 2},
      {.name = "shortcut", .in_channels = 16, .out_channels = 6, .in_height = 15, .in_width = 17, .stride = 2},
      {.name = "depthwise", .in_channels = 5, .out_channels = 5, .in_height = 9, .in_width = 19, .groups = 5},
      {.name = "linear", .kind = LayerKind::kLinear, .in_channels = 130, .out_channels = 7},
      {.name = "odd", .kind = LayerKind::kLinear, .in_channels = 67, .out_channels = 9}};
  for (Layer layer : layers) {
    if (layer.kind != LayerKind::kLinear) {
      layer.kernel_height = layer.kernel_width = layer.name == std::string("shortcut") ? 1 : 3;
      layer.padding = layer.kernel_height / 2;
    }
    for (const Pass pass : kAllPasses)
      for (const PassBits bits : {PassBits{8, 8}, PassBits{4, 4, true, true}, PassBits{16, 8, true, false}}) {
        for (const bool per_channel : {false, true}) {
          if (per_channel && pass != Pass::kBackwardData) continue;
          const Case c = make_case(random, layer, pass, 2, bits, InsertedZeros::kSkip, per_channel);
          ASSERT_NO_FATAL_FAILURE(expect_equal(c, Machine::kBrick, {.bits = 48}, random));
        }
      }
  }
}

/// Narrow accumulators: every mode does what the reference does in the same order of steps.
TEST(Datapath, OverflowingAccumulatorsEqualTheReference) {
  Random random(23);
  int overflowed = 0;
  for (int trial = 0; trial < 240; ++trial) {
    const PassBits bits{static_cast<int>(random.between(1, 9)), static_cast<int>(random.between(1, 9)), trial % 2 == 0,
                        trial % 3 == 0};
    const Case c = random_case(random, bits);
    const AccumulatorSpec accumulator{static_cast<int>(random.between(4, 14)),
                                      trial % 2 == 1 ? Overflow::kWrap : Overflow::kSaturate, random.between(1, 5)};
    overflowed += reference_bits(c) > accumulator.bits;
    for (const Machine machine : kMachines) ASSERT_NO_FATAL_FAILURE(expect_equal(c, machine, accumulator, random));
  }
  EXPECT_GT(overflowed, 50);
}

/// Where the processor has two ways to count bits, both give the same.
TEST(Datapath, BothWaysToCountBitsEqualTheReference) {
  if (!force_popcount_path(PopcountPath::kInstruction)) GTEST_SKIP() << "one way only on " << kernel_target();
  Random random(5);
  for (int trial = 0; trial < 60; ++trial) {
    const Case c = random_case(random, {static_cast<int>(random.between(1, 16)),
                                        static_cast<int>(random.between(1, 16)), trial % 2 == 0, trial % 3 == 0});
    for (const Machine machine : kMachines) EXPECT_NO_FATAL_FAILURE(expect_equal(c, machine, {.bits = 48}, random));
  }
  force_popcount_path(std::nullopt);
}

}  // namespace
}  // namespace ldpsim::test
