// SPDX-License-Identifier: Apache-2.0
// A captured product of two activations: each image has operands of its own, and all three passes are verified.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/core/random.hpp"
#include "sim/datapath/builtin.hpp"
#include "sim/replay/verify.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::ScratchFolder;

constexpr std::int64_t kImages = 3, kHeads = 2, kWidth = 5, kQueries = 7, kKeys = 4;

const std::vector<Layer>& layers() {
  static const std::vector<Layer> all{{.name = "embed", .kind = LayerKind::kLinear, .out_channels = 10},
                                      {.name = "scores",
                                       .kind = LayerKind::kMatmul,
                                       .in_channels = kHeads * kWidth,
                                       .out_channels = kHeads * kKeys,
                                       .in_height = kQueries,
                                       .groups = kHeads}};
  return all;
}

/// Random operands of "scores".
TraceOperand codes(Random& random, const std::string& tensor, std::vector<std::int64_t> shape) {
  TraceOperand operand{.layer = 1, .tensor = tensor, .bits = 6, .shape = std::move(shape)};
  operand.scale = {0.01 * (1 + random.uniform())};
  operand.offset = {-0.5 * random.uniform()};
  std::int64_t size = 1;
  for (const std::int64_t extent : operand.shape) size *= extent;
  for (std::int64_t i = 0; i < size; ++i) operand.codes.push_back(static_cast<std::uint16_t>(random.between(0, 63)));
  return operand;
}

double value(const TraceOperand& operand, std::int64_t i) {
  return operand.codes[static_cast<std::size_t>(i)] * operand.scale[0] + operand.offset[0];
}

/// The passes from their definition, image by image and head by head.
void compute_results(std::vector<TraceOperand>& all) {
  std::vector<TraceOperand> results;
  for (const auto& [tensor, like] : {std::pair{"forward", 2}, {"backward_data", 0}, {"backward_weight", 1}}) {
    TraceOperand result{.layer = 1, .tensor = tensor, .bits = 64, .shape = all[static_cast<std::size_t>(like)].shape};
    result.values.resize(all[static_cast<std::size_t>(like)].codes.size());
    results.push_back(std::move(result));
  }
  for (std::int64_t n = 0; n < kImages; ++n)
    for (std::int64_t h = 0; h < kHeads; ++h)
      for (std::int64_t key = 0; key < kKeys; ++key)
        for (std::int64_t query = 0; query < kQueries; ++query)
          for (std::int64_t c = 0; c < kWidth; ++c) {
            const std::int64_t x = ((n * kHeads + h) * kWidth + c) * kQueries + query;
            const std::int64_t w = ((n * kHeads + h) * kKeys + key) * kWidth + c;
            const std::int64_t y = ((n * kHeads + h) * kKeys + key) * kQueries + query;
            results[0].values[static_cast<std::size_t>(y)] += value(all[0], x) * value(all[1], w);
            results[1].values[static_cast<std::size_t>(x)] += value(all[2], y) * value(all[1], w);
            results[2].values[static_cast<std::size_t>(w)] += value(all[0], x) * value(all[2], y);
          }
  for (TraceOperand& result : results) all.push_back(std::move(result));
}

void write_trace(const std::string& file, std::int64_t images_of_weight) {
  TraceWriter writer = TraceWriter::create(
      file, {{"network", "attention"}, {"batch", "3"}, {"static_bits", "8"}, {"weight_range", "channel"}}, layers());
  writer.add(TraceIteration{.iteration = 0, .weight_bits = {6, 6}, .activation_bits = {6, 6}, .gradient_bits = {6, 6}});
  Random random(3);
  std::vector<TraceOperand> all{codes(random, "activation", {kImages, kHeads * kWidth, kQueries, 1}),
                                codes(random, "weight", {images_of_weight, kHeads * kKeys, kWidth}),
                                codes(random, "gradient", {kImages, kHeads * kKeys, kQueries, 1})};
  if (images_of_weight == kImages) compute_results(all);
  for (const TraceOperand& operand : all) writer.add(operand);
  writer.commit();
}

std::vector<VerifiedPass> verified(const std::string& file) {
  register_builtin_pe_arrays();
  std::vector<Machine> machines;
  for (const char* name : {"stripes", "bitfusion"}) machines.emplace_back(load_arch(name));
  Accelerator accelerator;
  return verify_trace(TraceReader(file), machines, accelerator, {});
}

TEST(VerifyMatmul, AllPassesOfEveryImageAreBitExact) {
  const ScratchFolder folder;
  write_trace(folder.path("a.trace"), kImages);
  const std::vector<VerifiedPass> rows = verified(folder.path("a.trace"));
  ASSERT_EQ(rows.size(), 3u * 2u);
  for (const VerifiedPass& row : rows) {
    EXPECT_EQ(row.mismatches, 0) << row.arch << ' ' << name_of(row.pass);
    EXPECT_EQ(row.macs, kImages * kHeads * kKeys * kQueries * kWidth);
    ASSERT_TRUE(row.worst_relative.has_value());
    EXPECT_LT(*row.worst_relative, 1e-9) << row.arch << ' ' << name_of(row.pass);
  }
}

TEST(VerifyMatmul, BothOperandsAreOfTheSameImages) {
  const ScratchFolder folder;
  write_trace(folder.path("a.trace"), kImages - 1);
  EXPECT_THAT(message_of([&] { verified(folder.path("a.trace")); }),
              HasSubstr("layer scores: activation has 3 images, weight 2"));
}

}  // namespace
}  // namespace ldpsim
