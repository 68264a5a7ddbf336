// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/beyond_macs.hpp"

#include <gtest/gtest.h>

namespace ldpsim {
namespace {

// 2 samples of 3 x 4 x 4 to 5 x 2 x 2: 135 weights, 96 inputs, 40 outputs
const Layer kLayer{.name = "conv",
                   .in_channels = 3,
                   .out_channels = 5,
                   .in_height = 4,
                   .in_width = 4,
                   .kernel_height = 3,
                   .kernel_width = 3,
                   .stride = 2,
                   .padding = 1};
constexpr LayerBits kBits{.weight = 3, .activation = 4, .gradient = 8};
constexpr VectorUnit kUnit{.lanes = 8, .master_bits = 32, .state_bits = 16, .transposes = false};
constexpr std::int64_t kBatch = 2, kWord = 32;

TEST(BeyondMacs, UpdateReadsGradientsMastersAndStatesAndWritesCodes) {
  const BeyondWork work = beyond_work(kLayer, false, Beyond::kUpdate, kBits, kBatch, kWord, kUnit);
  EXPECT_EQ(work.operations, 135 * 5);
  EXPECT_EQ(work.read_bits, 135 * (32 + 32 + 16));
  EXPECT_EQ(work.write_bits, 135 * (32 + 16 + 3));
}

TEST(BeyondMacs, VectorNormalisesForwardAndBackward) {
  const BeyondWork work = beyond_work(kLayer, false, Beyond::kVector, kBits, kBatch, kWord, kUnit);
  EXPECT_EQ(work.operations, 40 * (7 + 9));
  EXPECT_EQ(work.read_bits, 40 * 32 * (2 + 5));
  EXPECT_EQ(work.write_bits, 96 * 4 + 40 * (32 + 8));
}

TEST(BeyondMacs, LayoutsAreReadAndWrittenOnceMore) {
  VectorUnit unit = kUnit;
  unit.transposes = true;
  const auto extra = [&](bool first_layer) {
    const BeyondWork with = beyond_work(kLayer, first_layer, Beyond::kVector, kBits, kBatch, kWord, unit);
    const BeyondWork without = beyond_work(kLayer, first_layer, Beyond::kVector, kBits, kBatch, kWord, kUnit);
    EXPECT_EQ(with.read_bits - without.read_bits, with.write_bits - without.write_bits);
    return with.read_bits - without.read_bits;
  };
  EXPECT_EQ(extra(false), 135 * 3 + 96 * 4 + 40 * 8);
  EXPECT_EQ(extra(true), 96 * 4 + 40 * 8) << "the first layer has no backward-data, so nobody reads its weights again";
}

TEST(BeyondMacs, AClassifierHasNoNormalisationAndAMatmulNoWeights) {
  Layer classifier{.name = "fc", .kind = LayerKind::kLinear, .in_channels = 7, .out_channels = 5, .quantised = false};
  const BeyondWork work = beyond_work(classifier, false, Beyond::kVector, kBits, kBatch, kWord, kUnit);
  EXPECT_EQ(work.read_bits, 2 * 10 * 32);
  EXPECT_EQ(work.write_bits, 14 * 4 + 10 * 8);
  classifier.kind = LayerKind::kMatmul;
  EXPECT_EQ(beyond_work(classifier, false, Beyond::kUpdate, kBits, kBatch, kWord, kUnit).read_bits, 0);
}

TEST(BeyondMacs, TheSlowerOfUnitAndDramDecides) {
  MemorySpec memory;
  memory.dram_bits_per_cycle = 100;
  const PassCost fed = price_beyond({.operations = 801, .read_bits = 400, .write_bits = 500}, memory, kUnit);
  EXPECT_EQ(fed.stack[Cause::kCompute], 101);
  EXPECT_EQ(fed.stack[Cause::kDramStall], 0);
  const PassCost starved = price_beyond({.operations = 80, .read_bits = 4000, .write_bits = 501}, memory, kUnit);
  EXPECT_EQ(starved.stack[Cause::kCompute], 10);
  EXPECT_EQ(starved.cycles(), 46);
  EXPECT_EQ(starved.counts[Action::kVectorOperation], 80);
  EXPECT_EQ(starved.counts[Action::kDramRead] + starved.counts[Action::kDramWrite], 4501);
}

}  // namespace
}  // namespace ldpsim
