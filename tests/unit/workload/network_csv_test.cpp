// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/network_csv.hpp"

#include <gtest/gtest.h>

#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::ScratchFolder;

constexpr char kHeader[] =
    "name,kind,in_channels,out_channels,in_height,in_width,kernel_height,kernel_width,stride,padding,groups,weight_"
    "bits,activation_bits,"
    "gradient_bits\n";

TEST(NetworkCsv, ReadsLayersAndBits) {
  ScratchFolder folder;
  const std::string text = std::string(kHeader) +
                           "conv1,conv,3,16,32,30,3,1,2,1,1,4,5,6\r\n\r\n# the classifier\nfc,linear,64,10,,,,,,,,,,\n";
  const NetworkTable table = read_network_csv(folder.write("tiny.csv", text));
  EXPECT_EQ(table.network.name, "tiny");
  ASSERT_EQ(table.network.layers.size(), 2u);
  const Layer& conv = table.network.layers[0];
  EXPECT_EQ(conv.kind, LayerKind::kConv);
  EXPECT_EQ(conv.out_channels, 16);
  EXPECT_EQ(conv.in_width, 30);
  EXPECT_EQ(conv.kernel_height, 3);
  EXPECT_EQ(conv.kernel_width, 1);
  EXPECT_EQ(conv.stride, 2);
  EXPECT_EQ(conv.dilation, 1);
  EXPECT_TRUE(conv.quantised);
  EXPECT_EQ(table.bits[0], (LayerBits{4, 5, 6}));
  const Layer& fc = table.network.layers[1];
  EXPECT_EQ(fc.kind, LayerKind::kLinear);
  EXPECT_EQ(fc.macs(), 640);
  EXPECT_EQ(table.bits[1], (LayerBits{8, 8, 8}));
}

TEST(NetworkCsv, WritesWhatItReads) {
  ScratchFolder folder;
  const std::string text =
      std::string("dilation,quantised,") + kHeader + "2,0,\"a,b\",conv,4,8,32,32,3,3,1,2,4,4,5,6\n";
  const NetworkTable table = read_network_csv(folder.write("a.csv", text));
  EXPECT_EQ(table.network.layers[0].dilation, 2);
  EXPECT_EQ(table.network.layers[0].groups, 4);
  EXPECT_FALSE(table.network.layers[0].quantised);
  const std::string written = write_network_csv(table.network, table.bits);
  const NetworkTable again = read_network_csv(folder.write("b.csv", written));
  EXPECT_EQ(write_network_csv(again.network, again.bits), written);
  EXPECT_EQ(again.network.layers[0].name, "a,b");
}

TEST(NetworkCsv, SaysWhatIsWrongAndWhere) {
  ScratchFolder folder;
  const auto error_of = [&](const std::string& text) {
    const std::string file = folder.write("net.csv", text);
    return message_of([&] { read_network_csv(file); }).replace(0, file.size(), "net.csv");
  };
  const std::string header = kHeader;
  EXPECT_EQ(error_of(header), "net.csv: error: the file has no layers; expected a row for each layer under the header");
  EXPECT_EQ(error_of("name,kind,in_channels,out_chanels\n"),
            "net.csv:1: error: unknown column 'out_chanels'; did you mean 'out_channels'? allowed: name, kind, "
            "in_channels, out_channels, "
            "in_height, in_width, kernel_height, kernel_width, stride, padding, groups, dilation, quantised, "
            "weight_bits, activation_bits, "
            "gradient_bits");
  EXPECT_EQ(error_of(header + "c,convolution,3,16,8,8,3,3,1,1,1,8,8,8\n"),
            "net.csv:2: error: unknown layer kind 'convolution'; allowed: conv, linear, matmul");
  EXPECT_EQ(error_of(header + "c,conv,3,16,,8,3,3,1,1,1,8,8,8\n"), "net.csv:2: error: 'in_height' is empty");
  EXPECT_EQ(error_of(header + ",conv,3,16,8,8,3,3,1,1,1,8,8,8\n"), "net.csv:2: error: 'name' is empty");
  EXPECT_EQ(error_of(header + "c,conv,0,16,8,8,3,3,1,1,1,8,8,8\n"),
            "net.csv:2: error: layer 'c': in_channels is 0; allowed: 1 to 16777216");
  EXPECT_EQ(error_of(header + "c,conv,x,16,8,8,3,3,1,1,1,8,8,8\n"),
            "net.csv:2: error: 'in_channels' is 'x'; allowed: integers 1 to 16777216");
  EXPECT_EQ(error_of(header + "c,conv,3,16,8,8,3,3,1,x,1,8,8,8\n"),
            "net.csv:2: error: 'padding' is 'x'; allowed: integers 0 to 16777215");
  EXPECT_EQ(error_of(header + "total,conv,3,16,8,8,3,3,1,1,1,8,8,8\n"),
            "net.csv:2: error: a layer is called 'total', as the last row of every table is; give every layer a name "
            "of its own");
  for (const char* name : {"a\tb", "\"a\nb\"",
                           "a\x1b"
                           "b"}) {
    EXPECT_EQ(error_of(header + name + ",conv,3,16,8,8,3,3,1,1,1,8,8,8\n"),
              "net.csv:2: error: the name of layer 'a?b' has a line break, tab or other control character; names are "
              "one line of text");
  }
  EXPECT_EQ(error_of(header + "c,conv,3,16,8,8,3,3,1,1,1,17,8,8\n"),
            "net.csv:2: error: 'weight_bits' is '17'; allowed: integers 1 to 16");
  EXPECT_EQ(error_of("quantised," + header + "maybe,c,conv,3,16,8,8,3,3,1,1,1,8,8,8\n"),
            "net.csv:2: error: 'quantised' is 'maybe'; allowed: 0, 1, false, true");
  const std::string row = "c,conv,3,16,8,8,3,3,1,1,1,8,8,8\n";
  EXPECT_EQ(error_of(header + row + row),
            "net.csv:3: error: layer 'c' is there twice; give every layer a name of its own");
}

TEST(Profile, SetsTheBitsItNames) {
  ScratchFolder folder;
  NetworkTable table = read_network_csv(
      folder.write("net.csv", std::string(kHeader) + "a,conv,3,16,8,8,3,3,1,1,1,8,8,8\nb,linear,64,10,,,,,,,,7,6,5\n"));
  apply_profile(table, folder.write("p.csv", "activation_bits,layer,weight_bits\n4,b,\n"));
  EXPECT_EQ(table.bits[0], (LayerBits{8, 8, 8}));
  EXPECT_EQ(table.bits[1], (LayerBits{7, 4, 5}));
  apply_profile(table, folder.write("q.csv", "layer,gradient_bits,weight_bits\na,16,1\n"));
  EXPECT_EQ(table.bits[0], (LayerBits{1, 8, 16}));
}

TEST(Profile, SaysWhatIsWrongAndWhere) {
  ScratchFolder folder;
  NetworkTable table =
      read_network_csv(folder.write("net.csv", std::string(kHeader) + "conv1,conv,3,16,8,8,3,3,1,1,1,8,8,8\n"));
  const auto error_of = [&](const std::string& text) {
    const std::string file = folder.write("p.csv", text);
    return message_of([&] { apply_profile(table, file); }).replace(0, file.size(), "p.csv");
  };
  EXPECT_EQ(error_of("layer,activation_bits\nconv2,4\n"),
            "p.csv:2: error: network net has no layer 'conv2'; did you mean 'conv1'? allowed: conv1");
  EXPECT_EQ(error_of("layer,activation_bits\nconv1,4\nconv1,5\n"),
            "p.csv:3: error: layer 'conv1' is there twice; give every layer one line");
  EXPECT_EQ(error_of("layer,activation_bits\nconv1,17\n"),
            "p.csv:2: error: 'activation_bits' is '17'; allowed: integers 1 to 16");
  EXPECT_EQ(error_of("layer,activation_bits\n"),
            "p.csv: error: the profile names no layer; expected a line a layer below the header");
  table.network.layers[0].quantised = false;
  EXPECT_EQ(error_of("layer,activation_bits\nconv1,4\n"),
            "p.csv:2: error: layer 'conv1' is float in the network's table; it has no precision; leave it out");
}

}  // namespace
}  // namespace ldpsim
