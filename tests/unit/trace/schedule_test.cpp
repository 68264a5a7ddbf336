// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/schedule.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <tuple>

#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::ScratchFolder;

TEST(Schedule, HistogramCountsEveryIterationOnce) {
  ScratchFolder folder;
  testing_support::write_sample_trace(folder.path("run.trace"), 50);
  const Schedule schedule(TraceReader(folder.path("run.trace")));
  EXPECT_EQ(schedule.first(), 0);
  EXPECT_EQ(schedule.last(), 50);
  const BitsHistogram histogram = schedule.histogram(7, 43);
  ASSERT_EQ(histogram.size(), 3u);
  for (std::size_t l = 0; l < 3; ++l) {
    std::map<std::tuple<int, int, int>, std::int64_t> expected;
    for (std::int64_t i = 7; i < 43; ++i) {
      const LayerBits bits = schedule.bits(i, l);
      ++expected[{bits.weight, bits.activation, bits.gradient}];
    }
    ASSERT_EQ(histogram[l].size(), expected.size());
    std::size_t at = 0;
    for (const auto& [bits, count] : expected) {  // in the same ascending order
      EXPECT_EQ(histogram[l][at].bits, (LayerBits{std::get<0>(bits), std::get<1>(bits), std::get<2>(bits)}));
      EXPECT_EQ(histogram[l][at++].iterations, count);
    }
  }
  EXPECT_EQ(schedule.bits(8, 1), (LayerBits{5, 5, 12}));
  EXPECT_EQ(schedule.final_bits()[1], (LayerBits{4, 4, 12}));
}

TEST(Schedule, FloatOperandsCountAsTheStaticPrecisionOrAsAsked) {
  ScratchFolder folder;
  testing_support::write_sample_trace(folder.path("run.trace"), 3);
  const TraceReader trace(folder.path("run.trace"));
  EXPECT_EQ(Schedule(trace).bits(0, 2), (LayerBits{8, 8, 8}));
  EXPECT_EQ(Schedule(trace, Schedule::kBegin, Schedule::kEnd, 16).bits(0, 2), (LayerBits{16, 16, 16}));
  EXPECT_TRUE(Schedule(trace).has_float(2));
  EXPECT_FALSE(Schedule(trace).has_float(1));
}

TEST(Schedule, LoadsARange) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  testing_support::write_sample_trace(file, 20);
  const TraceReader trace(file);
  const Schedule part(trace, 5, 8);
  EXPECT_EQ(part.size(), 3);
  EXPECT_EQ(part.bits(7, 1), Schedule(trace).bits(7, 1));
  EXPECT_EQ(message_of([&] { Schedule(trace, 5, 21); }),
            file + ": error: there are no iterations 5:21 in the trace; it has 0:20");
  EXPECT_EQ(message_of([&] { Schedule(trace, 8, 8); }),
            file + ": error: there are no iterations 8:8 in the trace; it has 0:20");
}

TEST(Schedule, RefusesGaps) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  {
    TraceWriter writer = TraceWriter::create(file, testing_support::sample_meta(), testing_support::sample_layers());
    for (const std::int64_t i : {0, 1, 3}) writer.add(testing_support::sample_iteration(i));
    writer.commit();
  }
  const TraceReader trace(file);
  EXPECT_EQ(message_of([&] { Schedule{trace}; }),
            file + ": error: iteration 2 is missing; a trace has every iteration of its run");
  EXPECT_EQ(message_of([&] { Schedule(trace, 0, 3); }),
            file + ": error: iteration 2 is missing; a trace has every iteration of its run");
}

// The publication's formula t = sum of O_l (b^2 + 2 b g) / (3 m^2) over sum of O_l, worked out by hand for two layers.
TEST(Schedule, CostRatiosFollowTheirFormula) {
  Network network{"two", {{.name = "a", .out_channels = 3}, {.name = "b", .out_channels = 1}}};  // 3 and 1 MACs
  const BitsHistogram histogram{{{{4, 4, 8}, 1}, {{8, 8, 8}, 1}}, {{{2, 2, 8}, 2}}};
  const double a = 0.5 * (16 + 64) / 192.0 + 0.5, b = (4 + 32) / 192.0;
  EXPECT_DOUBLE_EQ(training_cost_ratio(network, histogram, 8), (3 * a + b) / 4);
  EXPECT_DOUBLE_EQ(forward_cost_ratio(network, histogram, 8), (3 * (0.5 * 16 / 64 + 0.5) + 4 / 64.0) / 4);
}

TEST(Schedule, CostRatiosOfSomePassesAreTheirs) {
  const Network network{"one", {{.name = "a", .out_channels = 3}}};
  const BitsHistogram histogram{{{{4, 6, 8}, 1}}};
  const auto ratio = [&](const std::vector<Pass>& passes) {
    return training_cost_ratio(network, histogram, 8, passes);
  };
  EXPECT_DOUBLE_EQ(ratio({Pass::kForward}), 24 / 64.0);
  EXPECT_DOUBLE_EQ(ratio({Pass::kBackwardData}), 32 / 64.0);
  EXPECT_DOUBLE_EQ(ratio({Pass::kBackwardWeight}), 48 / 64.0);
  EXPECT_DOUBLE_EQ(ratio({Pass::kForward, Pass::kBackwardWeight}), 72 / 128.0);
}

TEST(Schedule, CanonicalWorkloadTellsSchedulesApart) {
  const Network network{"two", testing_support::sample_layers()};
  const BitsHistogram histogram = histogram_of(std::vector<LayerBits>(3));
  const std::string text = canonical_workload(network, 4, histogram);
  EXPECT_EQ(text.substr(0, text.find('\n', 10) + 1),
            "batch=4\nlayer=5:conv1 conv 3x6x6 to 4 kernel=3x3 stride=1 padding=1 dilation=1 groups=1 quantised=1 "
            "bits=8/8/8*1;\n");
  EXPECT_NE(text, canonical_workload(network, 5, histogram));
}

// Target: a histogram over 64,000 iterations of 22 layers in less than 0.3 s.
TEST(Schedule, ALongScheduleIsCountedFast) {
  ScratchFolder folder;
  const std::string file = folder.path("long.trace");
  constexpr std::size_t kLayers = 22;
  {
    TraceWriter writer =
        TraceWriter::create(file, testing_support::sample_meta(), testing_support::alike_layers(kLayers));
    for (std::int64_t i = 0; i < 64000; ++i) {
      const std::vector<std::uint8_t> bits(kLayers, static_cast<std::uint8_t>(3 + i / 8 % 6));
      writer.add({.iteration = i,
                  .weight_bits = bits,
                  .activation_bits = bits,
                  .gradient_bits = std::vector<std::uint8_t>(kLayers, 8)});
    }
    writer.commit();
  }
  const auto start = std::chrono::steady_clock::now();
  const BitsHistogram histogram = Schedule(TraceReader(file)).histogram();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ASSERT_EQ(histogram[21].size(), 6u);
  EXPECT_EQ(histogram[21][0].iterations, 10672);  // 1,334 of the 8,000 runs of eight have 3 bits
  EXPECT_LT(seconds.count(), 2.0) << "about 0.1 s on an idle machine";
}

}  // namespace
}  // namespace ldpsim
