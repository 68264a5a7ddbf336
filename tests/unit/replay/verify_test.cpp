// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>

#include "sim/core/random.hpp"
#include "sim/datapath/builtin.hpp"
#include "sim/datapath/reference.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;

const std::vector<Layer>& layers() {
  static const std::vector<Layer> all{
      {.name = "stem",
       .in_channels = 3,
       .out_channels = 6,
       .in_height = 8,
       .in_width = 8,
       .kernel_height = 3,
       .kernel_width = 3,
       .padding = 1},
      {.name = "down",
       .in_channels = 6,
       .out_channels = 5,
       .in_height = 8,
       .in_width = 8,
       .kernel_height = 3,
       .kernel_width = 3,
       .stride = 2,
       .padding = 1},
      {.name = "classifier", .kind = LayerKind::kLinear, .in_channels = 80, .out_channels = 4}};
  return all;
}

constexpr std::int64_t kImages = 2;

TraceOperand random_operand(Random& random, std::int64_t layer, const std::string& tensor, int bits,
                            std::vector<std::int64_t> shape, std::int64_t scales) {
  TraceOperand operand{.layer = layer, .tensor = tensor, .bits = bits, .shape = std::move(shape)};
  std::int64_t size = 1;
  for (const std::int64_t extent : operand.shape) size *= extent;
  for (std::int64_t i = 0; i < size; ++i)
    operand.codes.push_back(static_cast<std::uint16_t>(random.between(0, (1 << bits) - 1)));
  for (std::int64_t i = 0; i < scales; ++i) {
    operand.scale.push_back(0.01 * (1 + random.uniform()));
    operand.offset.push_back(-0.5 * (1 + random.uniform()));
  }
  return operand;
}

QuantisedTensor tensor_of(const TraceOperand& operand) {
  return {operand.shape, operand.bits,  false, {operand.codes.begin(), operand.codes.end()},
          operand.scale, operand.offset};
}

/// The operands of a layer and their results as the trainer would have them, here from the int64 reference.
std::vector<TraceOperand> captured_layer(Random& random, std::int64_t index) {
  const Layer& layer = layers()[static_cast<std::size_t>(index)];
  std::vector<TraceOperand> all{
      random_operand(random, index, "weight", 4,
                     {layer.out_channels, layer.in_channels, layer.kernel_height, layer.kernel_width},
                     layer.out_channels),
      random_operand(random, index, "activation", 6, {kImages, layer.in_channels, layer.in_height, layer.in_width}, 1),
      random_operand(random, index, "gradient", 8, {kImages, layer.out_channels, layer.out_height(), layer.out_width()},
                     1)};
  const QuantisedTensor weight = tensor_of(all[0]), activation = tensor_of(all[1]), gradient = tensor_of(all[2]);
  for (const Pass pass : kAllPasses) {
    if (index == 0 && pass == Pass::kBackwardData) continue;
    const Problem p = lower(layer, pass, kImages, InsertedZeros::kCompute, pass == Pass::kBackwardData).front();
    const PassOperands operands{pass == Pass::kBackwardData ? &gradient : &activation,
                                pass == Pass::kBackwardWeight ? &gradient : &weight};
    const std::vector<double> canonical = reference_values(p, operands);
    TraceOperand result{.layer = index, .tensor = name_of(pass), .bits = 64};
    result.shape = pass == Pass::kForward ? all[2].shape : pass == Pass::kBackwardData ? all[1].shape : all[0].shape;
    result.values.resize(canonical.size());
    std::size_t i = 0;
    for (std::int64_t b = 0; b < p.batch; ++b)
      for (std::int64_t g = 0; g < p.groups; ++g)
        for (std::int64_t f = 0; f < p.filters; ++f)
          for (std::int64_t y = 0; y < p.out_height; ++y)
            for (std::int64_t x = 0; x < p.out_width; ++x)
              result.values[static_cast<std::size_t>(p.output.at(b, g, f, 0, y, x))] = canonical[i++];
    all.push_back(std::move(result));
  }
  return all;
}

/// A trace with two captured iterations. `damage` may change an operand after its results were computed.
template <class Damage>
void write_trace(const std::string& file, Damage damage) {
  TraceWriter writer = TraceWriter::create(
      file, {{"network", "made up"}, {"batch", "2"}, {"static_bits", "8"}, {"weight_range", "channel"}}, layers());
  Random random(11);
  for (const std::int64_t iteration : {0, 5}) {
    TraceIteration now{
        .iteration = iteration, .weight_bits = {4, 4, 4}, .activation_bits = {6, 6, 6}, .gradient_bits = {8, 8, 8}};
    writer.add(now);
    for (std::int64_t layer = 0; layer < 3; ++layer)
      for (TraceOperand& operand : captured_layer(random, layer)) {
        operand.iteration = iteration;
        damage(operand);
        writer.add(operand);
      }
  }
  writer.commit();
}

struct Outcome {
  std::vector<VerifiedPass> rows;
  std::vector<std::string> lines;
};

Outcome verify(const std::string& file, const std::vector<std::pair<std::string, std::string>>& settings = {},
               VerifyOptions options = {}) {
  register_builtin_pe_arrays();
  std::vector<Machine> machines;
  for (const char* name : {"stripes", "bitfusion"}) {
    ArchSpec arch = load_arch(name);
    for (const auto& [key, value] : settings) arch.set(key, value, "test");
    machines.emplace_back(std::move(arch));
  }
  static Accelerator accelerator;
  Outcome outcome;
  options.on_mismatch = [&](const std::string& line) { outcome.lines.push_back(line); };
  outcome.rows = verify_trace(TraceReader(file), machines, accelerator, options);
  return outcome;
}

const auto kUndamaged = [](TraceOperand&) {};

TEST(Verify, EverythingAgrees) {
  const testing_support::ScratchFolder folder;
  write_trace(folder.path("run.trace"), kUndamaged);
  for (const char* zeros : {"compute", "skip"}) {
    const Outcome outcome = verify(folder.path("run.trace"), {{"inserted_zeros", zeros}});
    EXPECT_EQ(outcome.rows.size(), 2u * 2u * 8u);  // machines x iterations x passes (the stem has no backward-data)
    EXPECT_TRUE(outcome.lines.empty());
    for (const VerifiedPass& row : outcome.rows) {
      EXPECT_EQ(row.mismatches, 0) << row.layer;
      EXPECT_GT(row.accumulators, 0);
      EXPECT_GT(row.cycles, 0);
      EXPECT_GT(row.accumulator_bits, 4);
      ASSERT_TRUE(row.worst_relative.has_value());
      EXPECT_LT(*row.worst_relative, 1e-9);
    }
  }
}

TEST(Verify, ScaleGroupsAreComparedOneByOne) {
  const testing_support::ScratchFolder folder;
  write_trace(folder.path("run.trace"), kUndamaged);
  const Outcome outcome = verify(folder.path("run.trace"));
  const auto row = std::find_if(outcome.rows.begin(), outcome.rows.end(), [](const VerifiedPass& r) {
    return r.layer == "down" && r.pass == Pass::kBackwardData;
  });
  ASSERT_NE(row, outcome.rows.end());
  EXPECT_GE(row->accumulators, layers()[1].input_elements() * kImages * layers()[1].out_channels);
}

TEST(Verify, AFlippedBitIsNamed) {
  const testing_support::ScratchFolder folder;
  write_trace(folder.path("run.trace"), [](TraceOperand& operand) {
    if (operand.iteration == 5 && operand.layer == 1 && operand.tensor == "gradient") operand.codes[7] ^= 1;
  });
  const Outcome outcome = verify(folder.path("run.trace"));
  for (const VerifiedPass& row : outcome.rows) {
    const bool uses_it = row.iteration == 5 && row.layer == "down" && row.pass != Pass::kForward;
    EXPECT_EQ(row.mismatches > 0, uses_it) << row.iteration << " " << row.layer << " " << name_of(row.pass);
  }
  ASSERT_FALSE(outcome.lines.empty());
  EXPECT_THAT(
      outcome.lines.front(),
      testing::MatchesRegex("stripes: iteration 5, layer down, backward_data: result at \\[0, [0-9], [0-9], [0-9]\\]: "
                            "the machine has .*, the trainer .* \\(relative difference .*\\)"));
  EXPECT_GT(mismatches(outcome.rows), 0);
}

TEST(Verify, ACodeBeyondItsBitsIsNamedAndComputed) {
  const testing_support::ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  write_trace(file, kUndamaged);
  // the writer refuses such codes: claim fewer bits behind its back
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(database, "UPDATE operand SET bits = 3 WHERE iteration = 5 AND layer = 1 AND tensor = 'weight'",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  ASSERT_EQ(sqlite3_changes(database), 1);
  ASSERT_EQ(sqlite3_exec(database, "UPDATE iteration SET weight_bits = x'040304' WHERE iteration = 5", nullptr, nullptr,
                         nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  const Outcome outcome = verify(file);
  ASSERT_FALSE(outcome.lines.empty());
  EXPECT_THAT(outcome.lines.front(),
              testing::MatchesRegex(
                  "iteration 5, layer down, weight: code .* at \\[.*\\] is out of range; allowed with 3 bits: 0 to 7"));
  EXPECT_EQ(outcome.lines.size(), 1u);  // computed as they stand, the codes still give the trainer's results
  EXPECT_EQ(mismatches(outcome.rows), 2 * 2);
}

TEST(Verify, NarrowAccumulatorsAreComparedWithTheirOwnReference) {
  const testing_support::ScratchFolder folder;
  write_trace(folder.path("run.trace"), kUndamaged);
  for (const char* overflow : {"wrap", "saturate"}) {
    const Outcome outcome =
        verify(folder.path("run.trace"), {{"accumulator.bits", "10"}, {"accumulator.overflow", overflow}});
    // the integers agree; what overflowed cannot give the trainer's results
    EXPECT_GT(mismatches(outcome.rows), 0);
    for (const std::string& line : outcome.lines) EXPECT_THAT(line, HasSubstr(": result at "));
  }
  const Outcome split =
      verify(folder.path("run.trace"), {{"accumulator.bits", "16"}, {"accumulator.overflow", "split"}});
  EXPECT_EQ(mismatches(split.rows), 0);
  EXPECT_TRUE(
      std::any_of(split.rows.begin(), split.rows.end(), [](const VerifiedPass& row) { return row.spills > 0; }));
}

TEST(Verify, OnlyTheAskedIterations) {
  const testing_support::ScratchFolder folder;
  write_trace(folder.path("run.trace"), kUndamaged);
  const Outcome outcome = verify(folder.path("run.trace"), {}, {.first = 1, .last = 6});
  EXPECT_EQ(outcome.rows.size(), 2u * 8u);
  for (const VerifiedPass& row : outcome.rows) EXPECT_EQ(row.iteration, 5);
  EXPECT_THAT(
      testing_support::message_of([&] { verify(folder.path("run.trace"), {}, {.first = 6}); }),
      HasSubstr("run.trace: error: has no captured operands in the asked iterations; captured: 2 iterations, 0 to 5"));
}

TEST(Verify, TheTableEndsInATotal) {
  VerifiedPass pass{.arch = "stripes",
                    .iteration = 3,
                    .layer = "a",
                    .macs = 7,
                    .cycles = 2,
                    .accumulators = 4,
                    .mismatches = 1,
                    .accumulator_bits = 9};
  VerifiedPass other = pass;
  other.accumulator_bits = 11;
  other.worst_relative = 1e-9;
  const std::string csv = verify_table(std::vector{pass, other}).render(TableFormat::kCsv);
  EXPECT_EQ(csv,
            "arch,iteration,layer,pass,weight_bits,activation_bits,gradient_bits,macs,cycles,accumulators,mismatches,"
            "accumulator_bits,accumulator_spills,worst_relative_difference\n"
            "stripes,3,a,forward,8,8,,7,2,4,1,9,0,\n"
            "stripes,3,a,forward,8,8,,7,2,4,1,11,0,1e-09\n"
            "total,,,,,,,14,4,8,2,11,0,1e-09\n");
}

}  // namespace
}  // namespace ldpsim
