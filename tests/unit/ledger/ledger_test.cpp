// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/ledger.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/random.hpp"

namespace ldpsim {
namespace {

Network two_layers() {
  Network network{"two", {}};
  network.layers.push_back({.name = "conv",
                            .in_channels = 3,
                            .out_channels = 16,
                            .in_height = 8,
                            .in_width = 8,
                            .kernel_height = 3,
                            .kernel_width = 3,
                            .padding = 1});
  network.layers.push_back({.name = "fc", .kind = LayerKind::kLinear, .in_channels = 16, .out_channels = 10});
  return network;
}

std::int64_t as_integer(__int128 value) { return static_cast<std::int64_t>(value); }

TEST(Ledger, APassCostsTheProductOfItsOperandsBits) {
  Ledger ledger(two_layers(), 8);
  ledger.add(std::vector<LayerBits>{{3, 5, 7}, {2, 4, 8}});
  const std::int64_t conv = 16 * 3 * 9 * 64, fc = 160;
  EXPECT_EQ(as_integer(ledger.bitops(0, Pass::kForward)), conv * 3 * 5);
  EXPECT_EQ(as_integer(ledger.bitops(0, Pass::kBackwardData)), conv * 3 * 7);
  EXPECT_EQ(as_integer(ledger.bitops(0, Pass::kBackwardWeight)), conv * 5 * 7);
  EXPECT_EQ(as_integer(ledger.bitops(Pass::kForward)), conv * 15 + fc * 8);
  EXPECT_EQ(as_integer(ledger.bitops(Pass::kBackwardWeight)), conv * 35 + fc * 32);
  EXPECT_EQ(as_integer(ledger.inference_bitops()), conv * 15 + fc * 8);
}

TEST(Ledger, TheFirstLayerHasNoBackwardDataButThePapersRatioCountsIt) {
  Ledger ledger(two_layers(), 8);
  ledger.add(std::vector<LayerBits>{{4, 4, 8}, {4, 4, 8}});
  EXPECT_EQ(as_integer(ledger.bitops(Pass::kBackwardData)), 160 * 32);
  EXPECT_EQ(as_integer(ledger.static_bitops(Pass::kBackwardData)), 160 * 64);
  EXPECT_DOUBLE_EQ(ledger.training_ratio(), (16.0 + 32 + 32) / (3 * 64));
}

TEST(Ledger, FloatLayersCostTheStaticPrecision) {
  Ledger ledger(two_layers(), 8);
  ledger.add(std::vector<LayerBits>{{0, 0, 0}, {0, 0, 0}}, 5);
  EXPECT_DOUBLE_EQ(ledger.training_ratio(), 1.0);
  EXPECT_DOUBLE_EQ(ledger.inference_ratio(), 1.0);
}

/// Repeating equals adding again, and inference is that of the last iteration.
TEST(Ledger, SumsEqualASeparateCountOfEveryIteration) {
  Random random(7);
  const Network network = two_layers();
  Ledger ledger(network, 8);
  double expected = 0, last = 0;
  std::int64_t iterations = 0;
  for (int step = 0; step < 100; ++step) {
    std::vector<LayerBits> bits(2);
    for (LayerBits& b : bits)
      b = {static_cast<int>(random.between(1, 16)), static_cast<int>(random.between(1, 16)),
           static_cast<int>(random.between(1, 16))};
    const std::int64_t repeat = random.between(1, 1000);
    ledger.add(bits, repeat);
    iterations += repeat;
    last = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const double w = bits[i].weight, a = bits[i].activation, g = bits[i].gradient,
                   macs = static_cast<double>(network.layers[i].macs());
      expected += static_cast<double>(repeat) * macs * (w * a + w * g + a * g);
      last += macs * w * a;
    }
  }
  const double at_8_bits = 64.0 * static_cast<double>(network.macs());
  EXPECT_EQ(ledger.iterations(), iterations);
  EXPECT_NEAR(ledger.training_ratio(), expected / (3 * at_8_bits * static_cast<double>(iterations)), 1e-12);
  EXPECT_NEAR(ledger.inference_ratio(), last / at_8_bits, 1e-12);
}

TEST(Ledger, SumsBeyond64BitsStayExact) {
  Network network{"large",
                  {{.name = "fc", .kind = LayerKind::kLinear, .in_channels = 1 << 20, .out_channels = 1 << 20}}};
  Ledger ledger(network, 16);
  ledger.add(std::vector<LayerBits>{{16, 16, 16}}, 1'000'000);
  EXPECT_TRUE(ledger.bitops(Pass::kForward) == (__int128{1} << 40) * 256 * 1'000'000);
}

TEST(Ledger, WrongSchedulesAreRefused) {
  Ledger ledger(two_layers(), 8);
  EXPECT_THROW(ledger.add(std::vector<LayerBits>(3)), UserError);
  EXPECT_THROW(ledger.add(std::vector<LayerBits>{{17, 8, 8}, {8, 8, 8}}), UserError);
  EXPECT_THROW(Ledger(two_layers(), 0), UserError);
}

}  // namespace
}  // namespace ldpsim
