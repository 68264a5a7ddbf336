// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/trace.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>

#include "sim/core/error.hpp"
#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::sample_layers;
using testing_support::ScratchFolder;

TEST(Trace, ReadsBackWhatWasWritten) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  testing_support::write_sample_trace(file, 20);
  const TraceReader reader(file);
  EXPECT_EQ(reader.network().name, "sample");
  EXPECT_EQ(reader.batch(), 4);
  EXPECT_EQ(reader.meta("format_version"), "1");
  ASSERT_EQ(reader.network().layers.size(), sample_layers().size());
  EXPECT_EQ(reader.network().layers[1].stride, 2);
  EXPECT_EQ(reader.network().layers[2].kind, LayerKind::kLinear);
  EXPECT_FALSE(reader.network().layers[2].quantised);
  EXPECT_EQ(reader.iteration_count(), 20);
  std::int64_t expected = 5;
  reader.for_each_iteration(5, 12, [&](const TraceIteration& read) {
    const TraceIteration written = testing_support::sample_iteration(expected++);
    EXPECT_EQ(read.iteration, written.iteration);
    EXPECT_EQ(read.epoch, written.epoch);
    EXPECT_EQ(read.loss, written.loss);
    EXPECT_EQ(read.learning_rate, written.learning_rate);
    EXPECT_EQ(read.weight_bits, written.weight_bits);
    EXPECT_EQ(read.activation_bits, written.activation_bits);
    EXPECT_EQ(read.gradient_bits, written.gradient_bits);
  });
  EXPECT_EQ(expected, 12);
  ASSERT_EQ(reader.evaluations().size(), 2u);
  EXPECT_EQ(reader.evaluations()[1].metric, "accuracy");
  EXPECT_EQ(reader.evaluations()[1].value, 0.75);
  EXPECT_EQ(reader.captured_iterations(), (std::vector<std::int64_t>{0, 10}));
  EXPECT_EQ(reader.operands_digest(10).size(), 64u);
  EXPECT_NE(reader.operands_digest(10), reader.operands_digest(0));
  EXPECT_EQ(reader.captured_operands(10).size(), 11u);  // the first layer has no backward-data
  for (const TraceOperand& written : testing_support::sample_operands(10)) {
    const auto read = reader.operand(10, written.layer, written.tensor);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->bits, written.bits);
    EXPECT_EQ(read->shape, written.shape);
    EXPECT_EQ(read->scale, written.scale);
    EXPECT_EQ(read->offset, written.offset);
    EXPECT_EQ(read->codes, written.codes);
    EXPECT_EQ(read->values, written.values);
  }
  EXPECT_FALSE(reader.operand(10, 0, "backward_data").has_value());
  EXPECT_FALSE(reader.operand(3, 0, "weight").has_value());
}

TEST(Trace, KeepsTheLossOfADivergedRun) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  TraceWriter writer = TraceWriter::create(file, testing_support::sample_meta(), sample_layers());
  TraceIteration iteration = testing_support::sample_iteration(0);
  iteration.loss = std::numeric_limits<double>::quiet_NaN();
  writer.add(iteration);
  iteration.iteration = 1;
  iteration.loss = std::numeric_limits<double>::infinity();
  writer.add(iteration);
  writer.commit();
  std::vector<double> losses;
  TraceReader(file).for_each_iteration(0, 9, [&](const TraceIteration& read) { losses.push_back(read.loss); });
  ASSERT_EQ(losses.size(), 2u);
  EXPECT_TRUE(std::isnan(losses[0]));
  EXPECT_TRUE(std::isinf(losses[1]));
}

TEST(Trace, WhatWasNotCommittedIsNotThere) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  {
    TraceWriter writer = TraceWriter::create(file, testing_support::sample_meta(), sample_layers());
    writer.add(testing_support::sample_iteration(0));
    writer.commit();
    writer.add(testing_support::sample_iteration(1));
  }
  EXPECT_EQ(TraceReader(file).iteration_count(), 1);
}

TEST(Trace, AResumedTraceEqualsAnUndisturbedOne) {
  ScratchFolder folder;
  const std::string whole = folder.path("whole.trace"), resumed = folder.path("resumed.trace");
  testing_support::write_sample_trace(whole, 20);
  testing_support::write_sample_trace(resumed, 17);
  {
    TraceWriter writer = TraceWriter::resume(resumed, 9);
    EXPECT_EQ(TraceReader(resumed).iteration_count(), 9);
    testing_support::add_iterations(writer, 9, 20);
  }
  EXPECT_EQ(testing_support::dump(resumed), testing_support::dump(whole));
}

TEST(Trace, RefusesToOverwrite) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  testing_support::write_sample_trace(file, 1);
  EXPECT_EQ(message_of([&] { TraceWriter::create(file, testing_support::sample_meta(), sample_layers()); }),
            file + ": error: the file exists already; remove it or choose another name");
}

TEST(Trace, RefusesOperandsThatDoNotFit) {
  ScratchFolder folder;
  TraceWriter writer = TraceWriter::create(folder.path("run.trace"), testing_support::sample_meta(), sample_layers());
  TraceOperand weight = testing_support::sample_operands(0).front();
  weight.codes[7] = 200;
  EXPECT_THROW(writer.add(weight), InternalError);
  EXPECT_EQ(operand_problem(sample_layers()[0], weight),
            "code 200 at [0, 0, 2, 1] is out of range; allowed with 3 bits: 0 to 7");
  weight.codes.pop_back();
  EXPECT_EQ(operand_problem(sample_layers()[0], weight), "it has 107 codes where 108 are expected");
  weight.shape = {4, 3, 3};
  EXPECT_EQ(operand_problem(sample_layers()[0], weight), "its shape is [4, 3, 3]; the layer's is [4, 3, 3, 3]");
  weight.tensor = "weights";
  EXPECT_EQ(operand_problem(sample_layers()[0], weight),
            "there is no such tensor; did you mean 'weight'? allowed: weight, activation, gradient, forward, "
            "backward_data, backward_weight");
}

// Target: 64,000 iterations of 22 layers in at most 10 MB, read in well under a second.
TEST(Trace, ALongScheduleIsSmallAndFast) {
  ScratchFolder folder;
  const std::string file = folder.path("long.trace");
  constexpr std::size_t kLayers = 22;
  constexpr std::int64_t kIterations = 64000;
  {
    TraceWriter writer =
        TraceWriter::create(file, testing_support::sample_meta(), testing_support::alike_layers(kLayers));
    Random random(3);
    TraceIteration iteration;
    iteration.learning_rate = 0.1;
    for (std::int64_t i = 0; i < kIterations; ++i) {
      iteration.iteration = i;
      iteration.epoch = i / 391;
      iteration.loss = random.uniform();
      iteration.weight_bits.clear();
      for (std::size_t l = 0; l < kLayers; ++l)
        iteration.weight_bits.push_back(static_cast<std::uint8_t>(random.between(3, 8)));
      iteration.activation_bits = iteration.weight_bits;
      iteration.gradient_bits.assign(kLayers, 8);
      writer.add(iteration);
    }
    writer.commit();
  }
  EXPECT_LE(std::filesystem::file_size(file), 10'000'000u);
  const auto start = std::chrono::steady_clock::now();
  std::int64_t count = 0, bits = 0;
  TraceReader(file).for_each_iteration(0, kIterations, [&](const TraceIteration& read) {
    ++count;
    bits += read.weight_bits[0];
  });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(count, kIterations);
  EXPECT_GT(bits, 3 * kIterations);
  EXPECT_LT(seconds.count(), 2.0) << "about 0.1 s on an idle machine";
  RecordProperty("bytes", static_cast<int>(std::filesystem::file_size(file)));
}

}  // namespace
}  // namespace ldpsim
