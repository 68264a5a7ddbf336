// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/network_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

NetworkTable shipped(const std::string& name) {
  return read_network(std::string(LDPSIM_SOURCE_DIR) + "/networks/" + name + ".csv");
}

class NetworkFile : public ::testing::Test {
 protected:
  std::string write(const std::string& text) {
    std::ofstream(file_, std::ios::binary) << text;
    return file_;
  }
  /// The message of the error that reading `text` raises, without the folder; "" if it raises none.
  std::string error_of(const std::string& text) {
    try {
      read_network(write(text));
    } catch (const UserError& error) {
      const std::string message = error.what();
      return message.substr(message.find("net.csv"));
    }
    return {};
  }
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("ldpsim_network_file_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    file_ = (folder_ / "net.csv").string();
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
  std::string file_;
};

/// MACs of the ResNets as He et al. 2016 lay them out; the others from their layer lists.
TEST_F(NetworkFile, ShippedNetworksHaveThePublishedMacs) {
  EXPECT_EQ(shipped("resnet20").network.macs(), 40'813'184);
  EXPECT_EQ(shipped("resnet38").network.macs(), 83'280'512);
  EXPECT_EQ(shipped("resnet74").network.macs(), 168'215'168);
  EXPECT_EQ(shipped("resnet18").network.macs(), 1'814'073'344);
  EXPECT_EQ(shipped("alexnet").network.macs(), 724'406'816);
  EXPECT_EQ(shipped("vgg19").network.macs(), 19'632'062'464);
  EXPECT_EQ(shipped("lstm").network.macs(), 3600 * 3600);
}

TEST_F(NetworkFile, QuantisedLayersAreThoseOfThePaper) {
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
TEST_F(NetworkFile, ShapesOfTheResnetsChain) {
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

TEST_F(NetworkFile, EveryShippedTableIsRead) {
  int tables = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(LDPSIM_SOURCE_DIR) + "/networks")) {
    if (entry.path().extension() != ".csv") continue;
    EXPECT_GT(read_network(entry.path().string()).network.macs(), 0) << entry.path();
    ++tables;
  }
  EXPECT_GE(tables, 10);
}

TEST_F(NetworkFile, CommentsBlankLinesByteOrderMarkAndCrlfAreAccepted) {
  const NetworkTable table = read_network(write("\xEF\xBB\xBFname, kind ,out_channels,in_channels,weight_bits\r\n# a "
                                                "remark\r\n\r\na,linear,3,4,5\r\nb,linear,3,4,\r\n"),
                                          {7, 6, 9});
  ASSERT_EQ(table.network.layers.size(), 2u);
  EXPECT_EQ(table.network.name, "net");
  EXPECT_EQ(table.network.layers[0].in_channels, 4);
  EXPECT_EQ(table.network.layers[0].out_channels, 3);
  EXPECT_EQ(table.bits[0], (LayerBits{5, 6, 9}));
  EXPECT_EQ(table.bits[1], (LayerBits{7, 6, 9}));
}

TEST_F(NetworkFile, ThreeZerosAreAFloatLayer) {
  const NetworkTable table = read_network(
      write("name,kind,in_channels,out_channels,weight_bits,activation_bits,gradient_bits\na,linear,3,4,0,0,0\n"));
  EXPECT_FALSE(table.network.layers[0].quantised);
  EXPECT_EQ(table.bits[0], (LayerBits{0, 0, 0}));
}

TEST_F(NetworkFile, ErrorsNameLineValueAndRemedy) {
  const std::string head =
      "name,kind,in_channels,out_channels,in_height,in_width,kernel_height,kernel_width,weight_bits\n";
  EXPECT_EQ(error_of("nam,kind,in_channels,out_channels\n").substr(0, 61),
            "net.csv:1: error: unknown column 'nam'; did you mean 'name'? ");
  EXPECT_EQ(error_of("name,kind,in_channels\n"),
            "net.csv:1: error: column 'out_channels' is missing; required: name, kind, in_channels, out_channels");
  EXPECT_EQ(error_of("name,name,kind\n"), "net.csv:1: error: column 'name' appears twice");
  EXPECT_EQ(error_of(head + "a,conf,3,16,8,8,3,3,8\n"),
            "net.csv:2: error: unknown layer kind 'conf'; did you mean 'conv'? allowed: conv, linear, matmul");
  EXPECT_EQ(error_of(head + "a,conv,3,x,8,8,3,3,8\n"),
            "net.csv:2: error: out_channels is 'x'; expected a whole number");
  EXPECT_EQ(error_of(head + "a,conv,3,,8,8,3,3,8\n"), "net.csv:2: error: layer 'a': out_channels is empty");
  EXPECT_EQ(error_of(head + "\na,conv,3,16,8,8,3,3,17\n"),
            "net.csv:3: error: weight_bits is 17; allowed: 1 to 16, or 0 in all three columns for a float layer");
  EXPECT_EQ(
      error_of(head + "a,conv,3,16,8,8,3,3,0\n"),
      "net.csv:2: error: layer 'a': some bits are 0 and some are not; 0 in all three columns means a float layer");
  EXPECT_EQ(error_of(head + "a,conv,3,16\n"), "net.csv:2: error: 4 cells, but the header has 9 columns");
  EXPECT_EQ(error_of(head + "a,conv,3,16,2,2,5,5,8\n"),
            "net.csv:2: error: layer 'a': the kernel 5x5 does not fit into the padded input of 2x2");
  EXPECT_EQ(error_of(head + "a,linear,3,16,,,,,8\na,linear,3,16,,,,,8\n"), "net.csv:3: error: layer 'a' appears twice");
  EXPECT_EQ(error_of(head), "net.csv: error: has no layers; a line a layer is expected under the header");
  EXPECT_EQ(error_of(""),
            "net.csv: error: is empty; the first line must name the columns: name,kind,in_channels,out_channels,...");
}

TEST_F(NetworkFile, AMissingFileIsUnreadable) {
  try {
    read_network("/no/such/net.csv");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_EQ(error.code(), ExitCode::kDamaged);
    EXPECT_STREQ(error.what(),
                 "/no/such/net.csv: error: cannot be read: No such file or directory; expected a NETWORK.csv");
  }
}

}  // namespace
}  // namespace ldpsim
