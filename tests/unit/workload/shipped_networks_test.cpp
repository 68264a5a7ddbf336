// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/network_csv.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace ldpsim {
namespace {

NetworkTable shipped(const std::string& name) {
  return read_network_csv(std::string(LDPSIM_SOURCE_DIR) + "/networks/" + name + ".csv");
}

/// Multiply-accumulates of one sample from the publications' layouts, each written down apart from the tables.
TEST(ShippedNetworks, HaveThePublishedMacs) {
  const std::map<std::string, std::int64_t> expected{
      {"resnet20", 40'813'184},
      {"resnet38", 83'280'512},
      {"resnet74", 168'215'168},
      {"resnet18", 1'814'073'344},
      {"deit-tiny", 1'253'683'200},
      {"pan-x4", 2'002'747'392},
      {"alexnet", 724'406'816},
      {"nin", 1'100'188'800},
      {"googlenet", 1'582'671'872},
      {"vgg-m", 1'676'172'320},
      {"vgg-s", 2'637'708'320},
      {"vgg19", 19'632'062'464},
      {"lenet", 2'293'000},
      {"convnet", 12'298'240},
      {"alexnet-2x", 2'678'604'864},
      {"resnet18-2x", 4'269'375'488},
      {"svhn", 158'017'536},
      {"cifar10", 616'966'144},
      {"lenet5", 16'028'672},
      {"vgg7", 317'456'384},
      {"rnn", 4096 * 4096},
      {"lstm", 3600 * 3600},
      // 512 tokens: 36 linear layers, the vocabulary, and dense attention over 512 x 512 pairs
      {"transformer-lm", 512 * (18'874'368 + std::int64_t{137'084'928}) + 6 * 2 * 512 * 512 * std::int64_t{512}}};
  for (const auto& [name, macs] : expected) EXPECT_EQ(shipped(name).network.macs(), macs) << name;
}

/// The parts that a publication names: DeiT-Tiny's linear layers, attention, patches and head.
TEST(ShippedNetworks, PartsOfDeitTiny) {
  std::int64_t quantised = 0, attention = 0;
  for (const Layer& layer : shipped("deit-tiny").network.layers) {
    if (layer.quantised) quantised += layer.macs();
    if (layer.kind == LayerKind::kMatmul) attention += layer.macs();
  }
  EXPECT_EQ(attention, 12 * 2 * 197 * 197 * 192);
  EXPECT_EQ(quantised, 12 * 197 * std::int64_t{192 * 192 * 4 + 2 * 4 * 192 * 192});
}

TEST(ShippedNetworks, QuantisedLayersAreThoseOfThePaper) {
  const auto quantised = [](const NetworkTable& table) {
    std::int64_t count = 0;
    for (const Layer& layer : table.network.layers) count += layer.quantised;
    return count;
  };
  EXPECT_EQ(quantised(shipped("resnet20")), 21);
  EXPECT_EQ(quantised(shipped("resnet38")), 39);
  EXPECT_EQ(quantised(shipped("resnet74")), 75);
  EXPECT_EQ(quantised(shipped("resnet18")), 16);
  EXPECT_EQ(quantised(shipped("deit-tiny")), 48);
  EXPECT_EQ(quantised(shipped("pan-x4")), 113);
  EXPECT_EQ(quantised(shipped("transformer-lm")), 36);
}

/// In a chain of layers each one takes what the last one gives; shortcuts start at their block's input.
TEST(ShippedNetworks, ShapesOfTheResnetsChain) {
  for (const std::string name : {"resnet20", "resnet38", "resnet74", "resnet18"}) {
    const NetworkTable table = shipped(name);
    std::int64_t channels = 0, height = 0;
    for (const Layer& layer : table.network.layers) {
      const bool shortcut = layer.name.ends_with("shortcut") || layer.name.ends_with("downsample");
      if (shortcut) {
        EXPECT_EQ(layer.out_channels, channels) << name << " " << layer.name;
        EXPECT_EQ(layer.out_height(), height) << name << " " << layer.name;
        continue;
      }
      const bool pooled = layer.kind == LayerKind::kLinear || layer.name == "layer1.0.conv1";
      if (channels != 0) {
        EXPECT_EQ(layer.in_channels, channels) << name << " " << layer.name;
      }
      if (height != 0 && !pooled) {
        EXPECT_EQ(layer.in_height, height) << name << " " << layer.name;
      }
      channels = layer.out_channels;
      height = layer.out_height();
    }
  }
}

TEST(ShippedNetworks, EveryTableIsRead) {
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(LDPSIM_SOURCE_DIR) + "/networks")) {
    if (entry.path().extension() != ".csv") continue;
    EXPECT_GT(read_network_csv(entry.path().string()).network.macs(), 0) << entry.path();
    ++tables;
  }
  EXPECT_GE(tables, 23);
}

/// Each profile names layers of the network it is for, in a folder a set.
TEST(ShippedNetworks, EveryProfileFitsItsNetwork) {
  int profiles = 0;
  const std::string folder = std::string(LDPSIM_SOURCE_DIR) + "/networks/profiles";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".csv") continue;
    NetworkTable table = shipped(entry.path().stem().string());
    EXPECT_NO_THROW(apply_profile(table, entry.path().string())) << entry.path();
    ++profiles;
  }
  EXPECT_EQ(profiles, 8);
}

}  // namespace
}  // namespace ldpsim
