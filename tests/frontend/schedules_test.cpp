// SPDX-License-Identifier: Apache-2.0
// Methods that follow a rule of time or of the loss: CPT, PFQ, and the staged and random schedules of the LDP paper.
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>

#include "frontend/cli/arguments.hpp"
#include "frontend/methods/cost.hpp"
#include "frontend/methods/cpt.hpp"
#include "frontend/methods/pfq.hpp"
#include "frontend/methods/range_test.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"
#include "sim/trace/trace.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::methods {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A stem, a layer in each of three stages and a float classifier; the stages have a million MACs each.
const Network& staged_network() {
  static const Network network = [] {
    Network all{.name = "net", .layers = std::vector<Layer>(5)};
    all.layers[0] = {.name = "conv1"};
    for (std::size_t i : {1, 2, 3}) {
      all.layers[i] = {.name = "stage" + std::to_string(i) + ".block1.conv1",
                       .in_channels = 10,
                       .out_channels = 100,
                       .in_height = 1000};
    }
    all.layers[4] = {.name = "fc", .kind = LayerKind::kLinear, .quantised = false};
    return all;
  }();
  return network;
}

MethodSettings settings_of(int low, int high, int gradient = 8, std::int64_t iterations = 64000) {
  return {.network = &staged_network(),
          .min_bits = low,
          .max_bits = high,
          .gradient_bits = gradient,
          .static_bits = std::max(high, gradient),
          .iterations = iterations,
          .seed = 7};
}

std::unique_ptr<Method> make(const std::string& name, const MethodSettings& settings,
                             const std::vector<std::string>& words = {}) {
  for (const MethodEntry& entry : builtin_methods()) {
    if (entry.name == name) return entry.make(settings, cli::Arguments(train::option_specs(), words));
  }
  throw InternalError("no method " + name);
}

/// Mean over a run of (b^2 + 2*b*g)/(3*m^2), as CPT and FracTrain count.
double mean_cost(const Method& method, const MethodSettings& settings) {
  double sum = 0;
  const double m = settings.static_bits;
  for (std::int64_t i = 0; i < settings.iterations; ++i) {
    const Precision p = method.precision(i)[1];
    sum += (p.weight * p.activation + (p.weight + p.activation) * p.gradient) / (3 * m * m);
  }
  return sum / static_cast<double>(settings.iterations);
}

TEST(Cpt, CostsWhatIsPublished) {
  EXPECT_NEAR(mean_cost(*make("cpt", settings_of(3, 8)), settings_of(3, 8)), 0.6332708, 1e-7);
  EXPECT_NEAR(mean_cost(*make("cpt", settings_of(4, 8)), settings_of(4, 8)), 0.698921875, 1e-12);
  EXPECT_NEAR(mean_cost(*make("cpt", settings_of(8, 16, 16)), settings_of(8, 16, 16)), 0.6981484, 1e-7);
}

TEST(Cpt, ClimbsAndFallsBack) {
  const Cpt cpt(settings_of(3, 8, 8, 100), 10);
  std::vector<int> bits;
  for (std::int64_t i = 0; i < 12; ++i) bits.push_back(cpt.bits(i));
  EXPECT_THAT(bits, ElementsAre(3, 3, 3, 4, 5, 6, 6, 7, 8, 8, 3, 3)) << "5.5 is rounded to even";
  EXPECT_EQ(cpt.precision(0)[4].weight, 0) << "a float layer";
}

/// The default gives way in short runs.
TEST(Cpt, ACycleHasAnIterationForEachPrecision) {
  const auto bits = [](std::int64_t iterations, const std::vector<std::string>& words) {
    std::set<int> seen;
    const auto cpt = make("cpt", settings_of(3, 8, 8, iterations), words);
    for (std::int64_t i = 0; i < iterations; ++i) seen.insert(cpt->precision(i)[1].weight);
    return seen;
  };
  EXPECT_THAT(bits(24, {}), testing::Contains(8)) << "four cycles of six, not 32 of none";
  EXPECT_THAT(bits(24, {"--cycles", "4"}), testing::Contains(8));
  EXPECT_THAT(testing_support::message_of([&] {
                bits(24, {"--cycles", "5"});
              }),
              HasSubstr("--cycles: error: 5 in 24 iterations leave no cycle room for the 6 precisions of --bits; "
                        "allowed: 1 to 4"));
  EXPECT_EQ(bits(3, {}).size(), 3u) << "as far as it comes";
}

class PfqStages : public testing::Test {
 protected:
  /// Looks every 2 iterations, 10 an epoch.
  Pfq make_pfq() const {
    MethodSettings common = settings_of(3, 8);
    common.iterations_per_epoch = 10;
    Pfq::Settings settings;
    settings.every = 2;
    settings.threshold = 0.1;
    settings.decay = 0.5;
    return {common, settings};
  }
  /// Feeds two losses of `loss` each: L = 2*loss/10.
  void look(Pfq& pfq, double loss) {
    for (int i = 0; i < 2; ++i) pfq.after_step(iteration_++, loss);
  }
  std::int64_t iteration_ = 0;
};

TEST_F(PfqStages, TurnsWhenFiveLossesLieTogether) {
  Pfq pfq = make_pfq();
  for (const double loss : {10.0, 5.0, 3.0, 2.0, 1.5}) look(pfq, loss);
  EXPECT_EQ(pfq.stage(), 0u) << "still falling";
  for (int i = 0; i < 3; ++i) look(pfq, 1.5);
  EXPECT_EQ(pfq.stage(), 0u) << "a loss of 2 is still in the window: 0.1 off, allowed 0.1 * mean of 8 looks = 0.065";
  look(pfq, 1.5);
  EXPECT_EQ(pfq.stage(), 1u);
  EXPECT_EQ(pfq.precision(iteration_)[0].weight, 4);
  EXPECT_EQ(pfq.precision(iteration_)[0].gradient, 8);
  EXPECT_EQ(pfq.precision(iteration_ - 1)[0].weight, 3) << "a test after the turning point";
  for (int i = 0; i < 4; ++i) look(pfq, 1.5);
  EXPECT_EQ(pfq.stage(), 1u) << "the window was cleared";
  look(pfq, 1.5);
  EXPECT_EQ(pfq.stage(), 2u);
  for (int i = 0; i < 20; ++i) look(pfq, 1.5);
  EXPECT_EQ(pfq.stage(), 3u) << "and no further than the last stage";
}

TEST_F(PfqStages, ContinuesFromItsState) {
  Pfq whole = make_pfq();
  for (const double loss : {10.0, 5.0, 3.0, 2.0, 1.5, 1.5}) look(whole, loss);
  whole.after_step(iteration_++, 1.5);
  Pfq resumed = make_pfq();
  resumed.restore(whole.state());
  for (int i = 0; i < 30; ++i, ++iteration_) {
    whole.after_step(iteration_, 1.5 - 0.001 * i);
    resumed.after_step(iteration_, 1.5 - 0.001 * i);
    EXPECT_EQ(whole.state(), resumed.state());
  }
  EXPECT_GT(whole.stage(), 0u);
}

TEST_F(PfqStages, KeepsTheBitsOfATurningPointWithItsState) {
  Pfq whole = make_pfq();
  for (int i = 0; i < 5; ++i) look(whole, 1.5);
  ASSERT_EQ(whole.stage(), 1u);
  Pfq resumed = make_pfq();
  resumed.restore(whole.state());
  EXPECT_EQ(resumed.precision(iteration_ - 1)[0].weight, 3);
  EXPECT_EQ(resumed.precision(iteration_)[0].weight, 4);
}

/// Stage, sum, normaliser, looks, threshold and the window, as long as it was.
TEST_F(PfqStages, ContinuesFromAStateOfAnOlderVersion) {
  Pfq pfq = make_pfq();
  const std::vector<double> older = {1, 0.03, 0.3, 7, 0.05, 0.3, 0.31};
  pfq.restore(older);
  EXPECT_EQ(pfq.precision(14)[0].weight, 4);
  const std::vector<double> state = pfq.state();
  EXPECT_TRUE(std::equal(older.begin(), older.begin() + 5, state.begin()));
  for (int i = 0; i < 3; ++i) look(pfq, 1.5);
  EXPECT_EQ(pfq.stage(), 2u) << "0.3, 0.31, a look with the sum of before, and two more";
  EXPECT_THROW(pfq.restore(std::vector<double>(4)), InternalError);
  EXPECT_THROW(pfq.restore(std::vector<double>(11)), InternalError);
}

TEST(Pfq, AsksForStagesThatReachTheUpperBound) {
  EXPECT_EQ(testing_support::message_of([] { make("pfq", settings_of(8, 16)); }),
            "--stages: error: is missing: 3,4,6,8 ends below the 16 bits of --bits; name them, e.g. --stages "
            "8,10,12,16");
  EXPECT_EQ(make("pfq", settings_of(8, 16), {"--stages", "8,10,12,16"})->precision(0)[0].weight, 8);
  EXPECT_NO_THROW(make("pfq", settings_of(3, 6))) << "held at 6";
}

TEST(Pfq, StagesAreHeldWithinTheBounds) {
  EXPECT_EQ(make("pfq", settings_of(4, 8))->precision(0)[0].weight, 4);
  EXPECT_THROW(make("pfq", settings_of(3, 8), {"--stages", "3,8", "--gradient-stages", "8"}), UserError);
  EXPECT_THROW(make("pfq", settings_of(3, 8), {"--stages", "3,x"}), UserError);
  EXPECT_THROW(make("pfq", settings_of(3, 8), {"--stages", "8,3"}), UserError);
}

TEST(Staged, HasABitWidthAStageAndSpan) {
  const auto staged = make("staged", settings_of(8, 8, 8, 1600), {"--stage-bits", "4,6,8/8,4,6/6,8,4"});
  const auto bits = [&](std::int64_t iteration) {
    std::vector<int> all;
    for (const Precision& p : staged->precision(iteration)) all.push_back(p.weight);
    return all;
  };
  EXPECT_THAT(bits(0), ElementsAre(8, 4, 6, 8, 0));
  EXPECT_THAT(bits(299), ElementsAre(8, 4, 6, 8, 0));
  EXPECT_THAT(bits(300), ElementsAre(8, 8, 4, 6, 0));
  EXPECT_THAT(bits(899), ElementsAre(8, 6, 8, 4, 0));
  EXPECT_THAT(bits(900), ElementsAre(8, 8, 8, 8, 0));
}

TEST(Staged, NeedsTheStagesOfItsNetwork) {
  const MethodSettings settings = settings_of(8, 8, 8, 1600);
  EXPECT_NO_THROW(make("staged", settings)->check());
  EXPECT_THAT(testing_support::message_of([&] {
                make("staged", settings, {"--stage-bits", "4,4,4/6,6,6,6"})->check();
              }),
              HasSubstr("--stage-bits: error: a span has the bits of 4 stages, net has 3; give 3 in each span"));
  Network plain = staged_network();
  for (Layer& layer : plain.layers) layer.name = "layer1." + layer.name;
  MethodSettings without = settings;
  without.network = &plain;
  EXPECT_THAT(testing_support::message_of([&] { make("staged", without)->check(); }),
              HasSubstr("--method: error: 'staged' needs stages of blocks, which net has not"));
}

TEST(Staged, CostsWhatTable1Costs) {
  const MethodSettings settings = settings_of(8, 8, 8, 1600);
  EXPECT_NEAR(mean_cost(*make("staged", settings), settings), 0.832, 1e-3);
}

TEST(RandomPrecision, DrawsAnewEveryKIterationsAndRepeatsBySeed) {
  const MethodSettings settings = settings_of(8, 8, 8, 16000);
  const auto one = make("random", settings, {"--draw-every", "10"}),
             other = make("random", settings, {"--draw-every", "10"});
  std::set<int> seen;
  for (std::int64_t i = 0; i < 16000; ++i) {
    const int b = one->precision(i)[1].weight;
    seen.insert(b);
    ASSERT_EQ(b, other->precision(i)[1].weight);
    ASSERT_EQ(b, one->precision(i / 10 * 10)[1].weight);
    ASSERT_EQ(one->precision(i)[1].gradient, 8);
    if (i >= 9000) {
      ASSERT_EQ(b, 8);
    }
  }
  EXPECT_THAT(seen, ElementsAre(4, 6, 8));
  EXPECT_NEAR(mean_cost(*one, settings), 0.832, 0.01);
}

TEST(Half, IsSixteenBitsThroughout) {
  const std::vector<Precision> all = make("half", settings_of(8, 8))->precision(0);
  EXPECT_EQ(all[1].weight, 16);
  EXPECT_EQ(all[1].gradient, 16);
  EXPECT_EQ(all[4].weight, 0);
}

/// Sweeps 3 to 8 bits, 10 iterations each, the last 4 of them count; the accuracy at `rises` jumps up by 0.1.
std::unique_ptr<RangeTest> swept(int rises, std::int64_t iterations = 60) {
  auto test = std::make_unique<RangeTest>(settings_of(3, 8, 8, 60),
                                          RangeTest::Settings{.steps = 10, .window = 4, .threshold = 0.05});
  for (std::int64_t i = 0; i < iterations; ++i) {
    const int b = test->precision(i)[1].weight;
    EXPECT_EQ(b, 3 + i / 10);
    test->batch_accuracy(i, 0.1 + 0.004 * static_cast<double>(i) / 10 + (b >= rises ? 0.1 : 0));
    test->after_step(i, 2.0);
  }
  return test;
}

TEST(RangeTest, FindsTheFirstPrecisionThatRaisesTheAccuracy) {
  for (int bits = 4; bits <= 8; ++bits) EXPECT_EQ(swept(bits)->lower_bound(), bits);
  EXPECT_EQ(swept(9)->lower_bound(), std::nullopt) << "a slow rise is none";
  EXPECT_EQ(swept(9)->findings()[1].second, "none");
  EXPECT_EQ(swept(5)->findings()[1].second, "5");
  EXPECT_THAT(swept(5)->findings()[0].second, HasSubstr("3 bits 0.1030, 4 bits 0.1070, 5 bits 0.2110"));
  EXPECT_EQ(swept(5, 29)->lower_bound(), std::nullopt) << "5 bits have not been tried to the end";
}

/// The lowest precision is compared with its own beginning.
TEST(RangeTest, TheLowestPrecisionMayDo) {
  RangeTest test(settings_of(3, 8), {.steps = 10, .window = 4, .threshold = 0.05});
  for (std::int64_t i = 0; i < 10; ++i) test.batch_accuracy(i, 0.1 + 0.01 * static_cast<double>(i));
  EXPECT_EQ(test.lower_bound(), 3);
}

TEST(RangeTest, ByTheFallOfTheLoss) {
  RangeTest test(settings_of(3, 8), {.steps = 2, .window = 1, .threshold = 0.5, .by_loss = true});
  EXPECT_FALSE(test.wants_accuracy());
  for (const double loss : {2.3, 2.2, 2.1, 2.0, 1.6, 1.2}) {
    const std::int64_t i = static_cast<std::int64_t>(std::lround((2.3 - loss) * 10));
    test.after_step(i <= 3 ? i : i == 7 ? 4 : 5, loss);
  }
  EXPECT_EQ(test.lower_bound(), 5) << "2.2, 2.0, 1.2 at the ends";
}

TEST(RangeTest, ContinuesFromItsState) {
  const auto whole = swept(6);
  for (const std::int64_t stop : {3, 17, 42}) {
    const auto half = swept(6, stop);
    RangeTest resumed(settings_of(3, 8, 8, 60), {.steps = 10, .window = 4, .threshold = 0.05});
    resumed.restore(half->state());
    for (std::int64_t i = stop; i < 60; ++i) {
      resumed.batch_accuracy(i, 0.1 + 0.004 * static_cast<double>(i) / 10 + (3 + i / 10 >= 6 ? 0.1 : 0));
    }
    EXPECT_EQ(resumed.state(), whole->state());
  }
}

TEST(RangeTest, NeedsIterationsForEveryPrecision) {
  EXPECT_THAT(testing_support::message_of([] { make("range-test", settings_of(3, 8, 8, 1000)); }),
              HasSubstr("--iterations: error: is 1000, the precisions of --bits take 1200; --iterations 1200"));
}

/// A trace of the network above whose second layer has these bits in the second iteration.
std::string trace_with(const testing_support::ScratchFolder& folder, const std::array<std::uint8_t, 3>& bits) {
  const std::string file = folder.path("given.trace");
  TraceWriter trace =
      TraceWriter::create(file, {{"network", "net"}, {"batch", "8"}, {"static_bits", "8"}}, staged_network().layers);
  for (std::int64_t i = 0; i < 2; ++i) {
    TraceIteration row{i, 0, 1, 0.1, {8, 8, 8, 8, 0}, {8, 8, 8, 8, 0}, {8, 8, 8, 8, 0}};
    if (i == 1) row.weight_bits[1] = bits[0], row.activation_bits[1] = bits[1], row.gradient_bits[1] = bits[2];
    trace.add(row);
  }
  trace.commit();
  return file;
}

TEST(Methods, RefuseTheirOptionsBeforeThereIsANetwork) {
  MethodSettings settings = settings_of(3, 8);
  settings.network = nullptr;
  const auto refusal = [&](const std::string& method, const std::string& option, const std::string& value) {
    return testing_support::message_of([&] {
      train::method_entry(method).check(settings, cli::Arguments(train::option_specs(), {"--" + option, value}));
    });
  };
  EXPECT_THAT(refusal("ldp", "budget", "9"), HasSubstr("--budget"));
  EXPECT_THAT(refusal("ldp", "beta-bounds", "held"), HasSubstr("--beta-bounds"));
  EXPECT_THAT(refusal("cpt", "cycles", "0"), HasSubstr("--cycles"));
  EXPECT_THAT(refusal("pfq", "stages", "8,3"), HasSubstr("--stages"));
  EXPECT_THAT(refusal("pfq", "turning-decay", "2"), HasSubstr("--turning-decay"));
  EXPECT_THAT(refusal("range-test", "range-window", "0"), HasSubstr("--range-window"));
  EXPECT_THAT(refusal("staged", "stage-bits", "4,x,4"), HasSubstr("--stage-bits"));
  EXPECT_THAT(refusal("random", "choices", "1"), HasSubstr("--choices"));
  EXPECT_THAT(refusal("replayed", "schedule", "no/such.trace"), HasSubstr("no/such.trace"));
}

TEST(Replayed, TakesBitsAsTheyWereRecorded) {
  const testing_support::ScratchFolder folder;
  const auto replayed = make("replayed", settings_of(3, 8, 8, 2), {"--schedule", trace_with(folder, {2, 16, 4})});
  EXPECT_EQ(replayed->precision(0)[1].weight, 8);
  for (const std::int64_t i : {1, 2}) {
    EXPECT_EQ(replayed->precision(i)[1].weight, 2);
    EXPECT_EQ(replayed->precision(i)[1].activation, 16);
    EXPECT_EQ(replayed->precision(i)[1].gradient, 4);
  }
  EXPECT_EQ(replayed->precision(1)[4].weight, 0) << "a float layer";
  MethodSettings other = settings_of(3, 8, 8, 2);
  Network of_other_classes = *other.network;
  of_other_classes.layers[4].out_channels = 100;
  other.network = &of_other_classes;
  EXPECT_NO_THROW(make("replayed", other, {"--schedule", folder.path("given.trace")})) << "fc has no precision";
  of_other_classes.layers[1].out_channels *= 2;
  EXPECT_THAT(testing_support::message_of([&] {
                make("replayed", other, {"--schedule", folder.path("given.trace")});
              }),
              HasSubstr("layer 1 is 'stage1.block1.conv1' of "));
  std::filesystem::remove(folder.path("given.trace"));
  const auto in_float = make("replayed", settings_of(3, 8, 8, 2), {"--schedule", trace_with(folder, {0, 0, 0})});
  EXPECT_EQ(in_float->precision(1)[1].weight, 0) << "as fp32 records it";
}

TEST(Replayed, RefusesBitsThatNoTrainingHas) {
  const testing_support::ScratchFolder folder;
  const std::string file = trace_with(folder, {8, 0, 1});
  const auto replay = [&](std::int64_t iterations) {
    make("replayed", settings_of(3, 8, 8, iterations), {"--schedule", file});
  };
  EXPECT_EQ(testing_support::message_of([&] { replay(2); }),
            "--schedule " + file +
                ": error: iteration 1, layer 'stage1.block1.conv1': 8, 0, 1 bits of weight, activation, gradient; "
                "allowed: 0 in all three, or 2 to 16");
}

TEST(Replayed, SaysWhatMakesATraceOfACsv) {
  EXPECT_THAT(testing_support::message_of([] {
                make("replayed", settings_of(3, 8), {"--schedule", "mine.csv"});
              }),
              HasSubstr("--schedule mine.csv: error: is a CSV, not a trace; ldpsim import makes a trace of it"));
}

TEST(Replayed, NeedsATrace) {
  try {
    make("replayed", settings_of(3, 8));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--schedule: error: is missing; --method replayed needs --schedule RUN.trace"));
  }
}

}  // namespace
}  // namespace ldpsim::methods
