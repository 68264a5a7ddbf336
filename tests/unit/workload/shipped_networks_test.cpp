// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/network_csv.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace ldpsim {
namespace {

NetworkTable shipped(const std::string& name) {
  return read_network_csv(std::string(LDPSIM_SOURCE_DIR) + "/networks/" + name + ".csv");
}

/// MACs of the ResNets as He et al. 2016 lay them out; the others from their layer lists.
TEST(ShippedNetworks, HaveThePublishedMacs) {
  EXPECT_EQ(shipped("resnet20").network.macs(), 40'813'184);
  EXPECT_EQ(shipped("resnet38").network.macs(), 83'280'512);
  EXPECT_EQ(shipped("resnet74").network.macs(), 168'215'168);
  EXPECT_EQ(shipped("resnet18").network.macs(), 1'814'073'344);
  EXPECT_EQ(shipped("alexnet").network.macs(), 724'406'816);
  EXPECT_EQ(shipped("vgg19").network.macs(), 19'632'062'464);
  EXPECT_EQ(shipped("lstm").network.macs(), 3600 * 3600);
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
  EXPECT_GE(tables, 10);
}

}  // namespace
}  // namespace ldpsim
