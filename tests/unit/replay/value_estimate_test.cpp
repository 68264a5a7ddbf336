// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/value_estimate.hpp"

#include <gmock/gmock.h>

#include "sim/core/error.hpp"
#include "sim/datapath/builtin.hpp"
#include "sim/replay/replay.hpp"
#include "sim/replay/simulate.hpp"
#include "tests/support/random_operands.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;

const std::vector<Pass> kPasses(std::begin(kAllPasses), std::end(kAllPasses));

Accelerator& accelerator() {
  static Accelerator one;
  return one;
}

Machine machine(const std::string& name, const std::vector<std::pair<std::string, std::string>>& settings = {}) {
  register_builtin_pe_arrays();
  ArchSpec arch = load_arch(name);
  for (const auto& [key, value] : settings) arch.set(key, value, "test");
  return Machine(std::move(arch));
}

const Network& network() {
  static const Network small{
      "small",
      {{.name = "stem",
        .in_channels = 3,
        .out_channels = 20,
        .in_height = 9,
        .in_width = 9,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding = 1},
       {.name = "down",
        .in_channels = 20,
        .out_channels = 36,
        .in_height = 9,
        .in_width = 9,
        .kernel_height = 3,
        .kernel_width = 3,
        .stride = 2,
        .padding = 1},
       {.name = "classifier", .kind = LayerKind::kLinear, .in_channels = 36, .out_channels = 10}}};
  return small;
}

/// Random operands of some layers; `images` of each of `captures` iterations, each iteration with codes of another
/// size.
class RandomSource final : public ValueSource {
 public:
  RandomSource(std::int64_t captures, std::int64_t images, std::vector<std::size_t> layers)
      : captures_(captures), images_(images), layers_(std::move(layers)) {}
  const Network& network() const override { return ldpsim::network(); }
  void for_each_sample(std::size_t layer, Pass pass, PassBits bits,
                       const std::function<void(const ValueSample&)>& visit) const override {
    if (std::find(layers_.begin(), layers_.end(), layer) == layers_.end()) return;
    const Problem whole = lower(network().layers[layer], pass, 1).front();
    for (std::int64_t capture = 0; capture < captures_; ++capture)
      for (std::int64_t image = 0; image < images_; ++image) {
        Random random(static_cast<std::uint64_t>(100 * capture + 10 * image) + layer);
        const test::RandomOperands operands(random, whole, bits);
        ValueSample sample{capture, *operands.operands().moving, *operands.operands().stationary};
        for (std::int32_t& code : sample.moving.codes) code >>= capture + image;  // some captures have fewer bits set
        visit(sample);
      }
  }
  std::vector<std::string> notes() const override { return {"random"}; }
  std::string canonical() const override { return "random"; }

 private:
  std::int64_t captures_, images_;
  std::vector<std::size_t> layers_;
};

TEST(Statistics, StudentsQuantilesAndIntervals) {
  EXPECT_NEAR(student_t95(1), 12.706, 1e-3);
  EXPECT_NEAR(student_t95(10), 2.228, 1e-3);
  EXPECT_NEAR(student_t95(21), 2.080, 1e-3);
  EXPECT_NEAR(student_t95(30), 2.042, 1e-3);
  EXPECT_NEAR(student_t95(1000), 1.962, 1e-3);
  const std::vector<double> figures{1, 2, 3};
  const MeanInterval interval = mean_interval(figures);
  EXPECT_DOUBLE_EQ(interval.mean, 2);
  EXPECT_NEAR(*interval.half_width, 4.3027 / std::sqrt(3.0), 1e-4);  // standard deviation 1
  EXPECT_FALSE(mean_interval(std::span(figures).first(1)).half_width);
  EXPECT_THROW(student_t95(0), InternalError);
}

TEST(Requantise, ScalesCodesOverTheSameRange) {
  QuantisedTensor tensor{.shape = {5}, .bits = 4, .codes = {0, 1, 7, 8, 15}, .scale = {2}, .offset = {-1}};
  requantise(tensor, 8);
  EXPECT_THAT(tensor.codes, testing::ElementsAre(0, 17, 119, 136, 255));
  EXPECT_DOUBLE_EQ(tensor.scale[0] * 255, 2 * 15);
  requantise(tensor, 2);
  EXPECT_THAT(tensor.codes, testing::ElementsAre(0, 0, 1, 2, 3));
  EXPECT_EQ(tensor.bits, 2);
}

/// A capture of every image of a batch gives exactly the cycles of its images.
TEST(ValueEstimate, IsExactWhereEverythingWasCaptured) {
  const RandomSource source(1, 4, {0, 1, 2});
  for (const char* name : {"pragmatic", "loom"}) {
    const Machine m =
        machine(name, name == std::string("loom")
                          ? std::vector<std::pair<std::string, std::string>>{{"array.trimming", "dynamic"}}
                          : std::vector<std::pair<std::string, std::string>>{});
    Pricing pricing(accelerator(), m, true, &source);
    for (std::size_t layer = 0; layer < 3; ++layer)
      for (const Pass pass : {Pass::kForward, Pass::kBackwardData}) {
        if (!pass_exists(network(), layer, pass)) continue;
        const LayerBits bits{7, 6, 8};
        const PassCost cost = pricing.price({.layer = network().layers[layer],
                                             .first_layer = layer == 0,
                                             .pass = pass,
                                             .bits = bits,
                                             .batch = 4,
                                             .layer_index = layer});
        Cycles expected = 0;
        std::int64_t terms = 0;
        source.for_each_sample(layer, pass, pass_bits(pass, bits), [&](const ValueSample& sample) {
          for (const Problem& p : m.lower(network().layers[layer], layer == 0, pass, 1, false))
            for (std::int64_t group = 0; group < p.groups; ++group) {
              const TileCost tile = m.array()
                                        .make_timing(p, pass_bits(pass, bits), {&sample.moving, &sample.stationary})
                                        ->tile_cost(whole_group(p, group));
              expected += tile.cycles();
              terms += tile.difference[Action::kTerm];
            }
        });
        // phases of a strided backward-data share one estimate, each rounded to whole cycles
        EXPECT_NEAR(static_cast<double>(cost.stack[Cause::kCompute] + cost.stack[Cause::kImbalance]),
                    static_cast<double>(expected), pass == Pass::kForward ? 0 : 4);
        EXPECT_NEAR(static_cast<double>(cost.counts[Action::kTerm]), static_cast<double>(terms), 4);
        EXPECT_TRUE(cost.estimated);
        EXPECT_EQ(cost.captures, 1);
        EXPECT_TRUE(cost.has_interval);  // over the images
        EXPECT_GE(cost.cycles(), cost.bound_cycles);
      }
  }
}

/// Samples of a linear layer fill the lanes of backward-weight together, so their capture is one batch.
TEST(ValueEstimate, IsExactWhereSamplesShareSteps) {
  const RandomSource source(1, 12, {2});
  const LayerBits bits{7, 6, 8};
  const PassBits of_pass = pass_bits(Pass::kBackwardWeight, bits);
  QuantisedTensor moving, stationary;
  source.for_each_sample(2, Pass::kBackwardWeight, of_pass, [&](const ValueSample& sample) {
    if (moving.codes.empty()) {
      moving = sample.moving;
      stationary = sample.stationary;
      return;
    }
    moving.codes.insert(moving.codes.end(), sample.moving.codes.begin(), sample.moving.codes.end());
    stationary.codes.insert(stationary.codes.end(), sample.stationary.codes.begin(), sample.stationary.codes.end());
  });
  moving.shape = {12, 36, 1, 1};
  stationary.shape = {12, 10, 1, 1};
  for (const auto& [name, settings] : {std::pair{"pragmatic", std::vector<std::pair<std::string, std::string>>{}},
                                       {"loom", {{"array.trimming", "dynamic"}}}}) {
    const Machine m = machine(name, settings);
    Pricing pricing(accelerator(), m, true, &source);
    const PassCost cost = pricing.price(
        {.layer = network().layers[2], .pass = Pass::kBackwardWeight, .bits = bits, .batch = 12, .layer_index = 2});
    Cycles expected = 0;
    for (const Problem& p : m.lower(network().layers[2], false, Pass::kBackwardWeight, 12, false))
      expected += m.array().make_timing(p, of_pass, {&moving, &stationary})->tile_cost(whole_group(p, 0)).cycles();
    EXPECT_EQ(cost.stack[Cause::kCompute] + cost.stack[Cause::kImbalance], expected) << name;
    EXPECT_TRUE(cost.has_interval) << name;
    EXPECT_LE(cost.low.cycles, cost.cycles()) << name;
    EXPECT_GE(cost.high.cycles, cost.cycles()) << name;
  }
}

TEST(ValueEstimate, IntervalsHoldTheMeanAndOneSampleHasNone) {
  const Machine m = machine("pragmatic");
  const PassQuestion question{.layer = network().layers[1], .bits = {6, 6, 8}, .batch = 32, .layer_index = 1};
  const RandomSource three(3, 1, {1}), one(1, 1, {1});
  Pricing many(accelerator(), m, true, &three), single(accelerator(), m, true, &one);
  const PassCost cost = many.price(question), lonely = single.price(question);
  EXPECT_EQ(cost.captures, 3);
  EXPECT_TRUE(cost.has_interval);
  EXPECT_LT(cost.low.cycles, cost.cycles());
  EXPECT_GT(cost.high.cycles, cost.cycles());
  EXPECT_EQ(lonely.captures, 1);
  EXPECT_FALSE(lonely.has_interval);
  PassCost sum = cost;
  sum += cost;
  EXPECT_EQ(sum.high.cycles - sum.low.cycles, 2 * (cost.high.cycles - cost.low.cycles));
  EXPECT_TRUE(sum.has_interval);
  sum += lonely;
  EXPECT_FALSE(sum.has_interval);
  EXPECT_EQ(sum.captures, 1);
}

TEST(ValueEstimate, LayersWithoutCapturesTakeTheMeanOfTheOthers) {
  const Machine m = machine("pragmatic");
  const RandomSource source(2, 1, {1, 2}), nothing(1, 1, {});
  ValueEstimator estimator(m, source), empty(m, nothing);
  const PassBits bits = pass_bits(Pass::kForward, {6, 6, 8});
  const ValueEstimate stem = estimator.estimate(0, Pass::kForward, bits, false),
                      down = estimator.estimate(1, Pass::kForward, bits, false),
                      classifier = estimator.estimate(2, Pass::kForward, bits, false);
  EXPECT_FALSE(stem.of_layer);
  EXPECT_TRUE(down.of_layer);
  EXPECT_DOUBLE_EQ(stem.cycles, (down.cycles + classifier.cycles) / 2);
  EXPECT_NEAR(*stem.half_width, 12.7062 * std::abs(down.cycles - classifier.cycles) / 2, 1e-9);
  try {
    empty.estimate(0, Pass::kForward, bits, false);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("pragmatic: error: no layer has captured operands of forward"));
  }
}

/// 42 groups: the last set of those that are worked on at once is smaller than the others.
TEST(ValueEstimate, BoundsAreNeverAboveCycles) {
  const Network depthwise{"depthwise",
                          {{.name = "depthwise",
                            .in_channels = 42,
                            .out_channels = 42,
                            .in_height = 2,
                            .in_width = 17,
                            .kernel_height = 5,
                            .kernel_width = 5,
                            .padding = 2,
                            .groups = 42}}};
  const Machine m = machine("pragmatic");
  const auto source = make_uniform_values(depthwise);
  Pricing pricing(accelerator(), m, true, source.get());
  for (const std::int64_t batch : {1, 3, 16}) {
    for (int bits = 2; bits <= 10; ++bits) {
      const PassCost cost = pricing.price({.layer = depthwise.layers[0], .bits = {bits, 3, 8}, .batch = batch});
      EXPECT_LE(cost.bound_cycles, cost.cycles()) << batch << ' ' << bits;
      EXPECT_GE(cost.bound_cycles, cost.compute_cycles());
    }
  }
}

TEST(ValueEstimate, MoreBitsMoreCyclesAndNeverTheWorstCase) {
  const Machine m = machine("pragmatic");
  const auto source = make_uniform_values(network());
  Pricing pricing(accelerator(), m, true, source.get());
  Total last = 0;
  for (int bits = 2; bits <= 8; ++bits) {
    const PassCost cost =
        pricing.price({.layer = network().layers[1], .bits = {bits, bits, 8}, .batch = 16, .layer_index = 1});
    const Cycles worst = m.array().closed_form_cycles(lower(network().layers[1], Pass::kForward, 16).front(),
                                                      pass_bits(Pass::kForward, {bits, bits, 8}));
    const Total busy = cost.compute_cycles() + cost.stack[Cause::kImbalance];
    EXPECT_LE(busy, worst);
    if (bits == 8) {
      EXPECT_LT(busy, worst);
    }
    EXPECT_GT(cost.cycles(), last);
    last = cost.cycles();
  }
}

TEST(ValueEstimate, WithoutOperandsThereIsNoCost) {
  const Machine m = machine("pragmatic");
  Pricing pricing(accelerator(), m);
  try {
    pricing.price({.layer = network().layers[0]});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("pragmatic, layer stem: error: its cycles depend on the values of the operands"));
  }
}

TraceOperand operand(const std::string& tensor, std::int64_t iteration, std::vector<std::int64_t> shape, int bits,
                     std::uint16_t first) {
  TraceOperand o{.iteration = iteration, .layer = 2, .tensor = tensor, .bits = bits, .shape = std::move(shape)};
  std::int64_t size = 1;
  for (const std::int64_t extent : o.shape) size *= extent;
  for (std::int64_t i = 0; i < size; ++i) o.codes.push_back(static_cast<std::uint16_t>((first + i) % (1 << bits)));
  o.scale = {0.5};
  o.offset = {0};
  return o;
}

TEST(CapturedValues, AreSlicedByImageQuantisedAnewAndTakenFromTheIterationsAsked) {
  const testing_support::ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  TraceWriter writer =
      TraceWriter::create(file, {{"network", "small"}, {"batch", "2"}, {"static_bits", "8"}}, network().layers);
  for (std::int64_t i = 0; i < 30; ++i)
    writer.add(TraceIteration{
        .iteration = i, .weight_bits = {4, 4, 4}, .activation_bits = {4, 4, 4}, .gradient_bits = {4, 4, 4}});
  for (const std::int64_t i : {5, 20}) {
    writer.add(operand("weight", i, {10, 36, 1, 1}, 4, 0));
    writer.add(operand("activation", i, {2, 36, 1, 1}, 4, static_cast<std::uint16_t>(i)));
  }
  writer.commit();
  const auto samples = [&](const ValueSource& source, Pass pass) {
    std::vector<ValueSample> all;
    source.for_each_sample(2, pass, {4, 8}, [&](const ValueSample& sample) { all.push_back(sample); });
    return all;
  };
  const auto all = samples(*make_captured_values(file, 0, 30), Pass::kForward);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0].iteration, 5);
  EXPECT_EQ(all[3].iteration, 20);
  EXPECT_EQ(all[0].moving.codes[0], 5);
  EXPECT_EQ(all[1].moving.codes[0], (5 + 36) % 16);  // the second image
  EXPECT_EQ(all[1].moving.shape[0], 1);
  EXPECT_EQ(all[0].stationary.codes[1], 17);  // 1 of 15 is 17 of 255
  EXPECT_EQ(samples(*make_captured_values(file, 10, 30), Pass::kForward).size(), 2u);
  EXPECT_EQ(samples(*make_captured_values(file, 25, 30), Pass::kForward).size(), 4u);  // none there: all
  EXPECT_TRUE(samples(*make_captured_values(file, 0, 30), Pass::kBackwardData).empty());
  EXPECT_THAT(make_captured_values(file, 0, 30)->notes().front(), HasSubstr("2 captured iterations (5 to 20)"));
}

TEST(CapturedValues, ATraceWithoutOperandsIsRefused) {
  const testing_support::ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  TraceWriter writer =
      TraceWriter::create(file, {{"network", "small"}, {"batch", "2"}, {"static_bits", "8"}}, network().layers);
  writer.commit();
  const auto source = make_captured_values(file, 0, 30);
  try {
    source->for_each_sample(0, Pass::kForward, {8, 8}, [](const ValueSample&) {});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("the trace has no captured operands, on whose values"));
  }
}

}  // namespace
}  // namespace ldpsim
