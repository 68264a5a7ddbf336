// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/import_csv.hpp"

#include <gtest/gtest.h>

#include "sim/trace/schedule.hpp"
#include "sim/workload/network_csv.hpp"
#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::ScratchFolder;

class ImportCsv : public ::testing::Test {
 protected:
  std::int64_t import(const std::string& schedule) {
    const Network network{"net", testing_support::sample_layers()};
    net_ = folder_.write("net.csv", write_network_csv(network, std::vector<LayerBits>(3)));
    csv_ = folder_.write("s.csv", schedule);
    return import_schedule_csv(csv_, net_, {{"batch", "32"}}, folder_.path("x.trace"));
  }
  std::string error_of(const std::string& schedule) {
    const std::string message = message_of([&] { import(schedule); });
    EXPECT_EQ(folder_.files(), 2u) << "something was left behind";
    return message.starts_with(csv_) ? "s.csv" + message.substr(csv_.size()) : message;
  }
  ScratchFolder folder_;
  std::string csv_, net_;
  const std::string header_ = "iteration,layer,weight_bits,activation_bits,gradient_bits\n";
};

TEST_F(ImportCsv, MakesATrace) {
  EXPECT_EQ(import("layer,iteration,gradient_bits,weight_bits,activation_bits\r\n\r\n# "
                   "cyclic\nconv2,7,8,3,4\r\nconv1,7,8,5,6\nconv1,8,0,1,2\nconv2,8,0,3,4\n"),
            2);
  const TraceReader trace(folder_.path("x.trace"));
  EXPECT_EQ(trace.network().name, "net");
  EXPECT_EQ(trace.batch(), 32);
  EXPECT_EQ(trace.meta("method"), "imported");
  EXPECT_EQ(trace.meta("iterations"), "2");
  const Schedule schedule(trace);
  EXPECT_EQ(schedule.first(), 7);
  EXPECT_EQ(schedule.bits(7, 0), (LayerBits{5, 6, 8}));
  EXPECT_EQ(schedule.bits(7, 1), (LayerBits{3, 4, 8}));
  EXPECT_EQ(schedule.bits(8, 0), (LayerBits{1, 2, 8}));
  EXPECT_TRUE(schedule.has_float(2));
}

TEST_F(ImportCsv, TakesWhatExportWrites) {
  const std::string file = folder_.path("run.trace");
  testing_support::write_sample_trace(file, 30);
  std::string text;
  export_schedule_csv(TraceReader(file), [&](const std::string& piece) { text += piece; });
  EXPECT_EQ(import(text), 30);
  std::vector<std::vector<std::uint8_t>> before, after;
  const auto collect = [](std::vector<std::vector<std::uint8_t>>& all) {
    return [&all](const TraceIteration& i) {
      all.insert(all.end(), {i.weight_bits, i.activation_bits, i.gradient_bits});
    };
  };
  TraceReader(file).for_each_iteration(0, 30, collect(before));
  TraceReader(folder_.path("x.trace")).for_each_iteration(0, 30, collect(after));
  EXPECT_EQ(before, after);
  EXPECT_EQ(before.size(), 90u);
}

TEST_F(ImportCsv, SaysWhatIsWrongAndWhere) {
  const std::string first = "0,conv1,3,3,8\n0,conv2,3,3,8\n";
  EXPECT_EQ(error_of(header_),
            "s.csv: error: the file has no rows; expected a row for each layer and iteration under the header");
  EXPECT_EQ(error_of(header_ + "0,conv3,3,3,8\n"),
            "s.csv:2: error: the network has no layer 'conv3'; did you mean 'conv1'? allowed: conv1, conv2, fc");
  EXPECT_EQ(error_of(header_ + first + "2,conv1,3,3,8\n"),
            "s.csv:4: error: iteration 2 follows iteration 0; sort the rows by iteration and leave none out");
  EXPECT_EQ(error_of(header_ + "0,conv1,3,3,8\n1,conv1,3,3,8\n"),
            "s.csv:3: error: iteration 0 has no row for layer 'conv2'; give every layer a row in every iteration, or "
            "set its 'quantised' to 0 in the "
            "network's CSV");
  EXPECT_EQ(error_of(header_ + "0,conv1,3,3,8\n0,conv1,3,3,8\n"),
            "s.csv:3: error: iteration 0, layer 'conv1' is there twice; first at " + csv_ + ":2");
  EXPECT_EQ(error_of(header_ + "0,conv1,3,-1,8\n"),
            "s.csv:2: error: 'activation_bits' is '-1'; allowed: integers 0 to 16");
  EXPECT_EQ(
      error_of("iteration,layer,bits\n"),
      "s.csv:1: error: unknown column 'bits'; allowed: iteration, layer, weight_bits, activation_bits, gradient_bits");
}

}  // namespace
}  // namespace ldpsim
