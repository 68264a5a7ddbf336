// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <cmath>

#include "frontend/methods/cost.hpp"
#include "frontend/methods/ldp.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::methods {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

/// Two quantised layers of 1 and 3 million MACs and a float one.
Network small_network() {
  Network network;
  network.layers.resize(3);
  network.layers[0] = {.name = "a", .in_channels = 10, .out_channels = 100, .in_height = 1000};
  network.layers[1] = {.name = "b", .in_channels = 30, .out_channels = 100, .in_height = 1000};
  network.layers[2] = {
      .name = "fc", .kind = LayerKind::kLinear, .in_channels = 100, .out_channels = 10000, .quantised = false};
  return network;
}

const double kFactor3 = -5 * std::log(2.0) * 8 / 7;  // of the task gradient at 3 bits, bounds 3:8

TEST(Cost, OfStaticSchedulesIsThePublishedOne) {
  Network network = small_network();
  network.layers.pop_back();
  const auto cost = [&](int bits) { return training_cost(network, std::vector<Precision>(2, {bits, bits, 8}), 8); };
  EXPECT_NEAR(cost(3), 0.2969, 5e-5);
  EXPECT_NEAR(cost(4), 0.4167, 5e-5);
  EXPECT_NEAR(cost(6), 0.6875, 5e-5);
  EXPECT_DOUBLE_EQ(cost(8), 1);
}

TEST(Cost, CountsFloatLayersInFull) {
  const Network network = small_network();
  const std::vector<Precision> precision = {{4, 4, 8}, {4, 4, 8}, {}};
  EXPECT_DOUBLE_EQ(forward_cost(network, precision, 8), (1 * 0.25 + 3 * 0.25 + 1) / 5);
  EXPECT_DOUBLE_EQ(training_cost(network, precision, 8), (4 * (0.25 + 0.5 + 0.5) / 3 + 1) / 5);
  EXPECT_DOUBLE_EQ(mean_bits(precision), 4);
}

TEST(Cost, LeavesFloatLayersOut) {
  Network network = small_network();
  const std::vector<Precision> precision = {{4, 4, 8}, {8, 8, 8}, {}};
  EXPECT_DOUBLE_EQ(forward_cost(network, precision, 8, CountedLayers::kQuantised), (0.25 + 3) / 4);
  EXPECT_DOUBLE_EQ(training_cost(network, precision, 8, CountedLayers::kQuantised), (1.25 / 3 + 3) / 4);
  network.layers.erase(network.layers.begin(), network.layers.begin() + 2);
  EXPECT_DOUBLE_EQ(training_cost(network, std::vector<Precision>(1), 8, CountedLayers::kQuantised), 1);
}

TEST(Ldp, StartsAtTheLowestBitsAndRoundsBeta) {
  const Network network = small_network();
  Ldp ldp({&network, 3, 8, 8, 8}, {});
  EXPECT_EQ(ldp.precision(0)[0].weight, 3);
  EXPECT_EQ(ldp.precision(0)[0].gradient, 8);
  EXPECT_EQ(ldp.precision(0)[2].weight, 0) << "a float layer";
  ldp.restore(std::vector<double>{0.5, 1.4, 0, 0, 0});  // 5.5 rounds to even, 10 is clamped
  EXPECT_EQ(ldp.precision(0)[0].weight, 6);
  EXPECT_EQ(ldp.precision(0)[1].activation, 8);
}

TEST(Ldp, FollowsTheTaskGradientAloneBelowTheBudget) {
  const Network network = small_network();
  Ldp ldp({&network, 3, 8, 8, 8}, {.budget = 1});
  const std::vector<ErrorProducts> products = {{0.02, 0.01}, {-0.01, 0.005}, {}};
  EXPECT_THAT(ldp.task_gradient(products), ElementsAre(kFactor3 * 0.03, kFactor3 * -0.005, 0));
  ldp.after_backward(products);
  EXPECT_THAT(ldp.betas(),
              ElementsAre(DoubleNear(-0.1 * kFactor3 * 0.03, 1e-15), DoubleNear(0.1 * kFactor3 * 0.005, 1e-15), 0.0));
}

TEST(Ldp, AddsACostGradientOfTheMeanSizeAboveTheBudget) {
  const Network network = small_network();
  Ldp ldp({&network, 3, 8, 8, 8}, {.budget = 0.1, .alpha = 2});
  const std::vector<ErrorProducts> products = {{0.02, 0.01}, {-0.01, 0.005}, {}};
  const double magnitude = -kFactor3 * (0.03 + 0.005) / 2;
  ldp.after_backward(products);
  // Shares by MACs: 1 and 3 million, mean 2.
  EXPECT_NEAR(ldp.betas()[0], -0.1 * (kFactor3 * 0.03 + 2 * magnitude * 0.5), 1e-15);
  EXPECT_NEAR(ldp.betas()[1], -0.1 * (kFactor3 * -0.005 + 2 * magnitude * 1.5), 1e-15);

  // The second time the average moves by a tenth.
  const double before = ldp.betas()[0];
  ldp.after_backward(std::vector<ErrorProducts>{{0, 0}, {0, 0}, {}});
  EXPECT_NEAR(ldp.betas()[0], before - 0.1 * 2 * 0.9 * magnitude * 0.5, 1e-15);
}

TEST(Ldp, DerivativeOfTheCostWeighsByBits) {
  const Network network = small_network();
  Ldp ldp({&network, 3, 8, 8, 8}, {.budget = 0.1, .cost_gradient = Ldp::CostGradient::kDerivative});
  ldp.restore(std::vector<double>{0, 1, 0, 0.5, 1});  // 3 and 8 bits, average 0.5
  const std::vector<ErrorProducts> none(3);
  ldp.after_backward(none);
  // dC/dbeta by finite difference of the cost in bits: O*(2b + 2g).
  const double first = 1 * (3 + 8), second = 3 * (8 + 8), mean = (first + second) / 2;
  EXPECT_NEAR(ldp.betas()[0], 0 - 0.1 * 0.45 * first / mean, 1e-12);
  EXPECT_NEAR(ldp.betas()[1], 1 - 0.1 * 0.45 * second / mean, 1e-12);
}

TEST(Ldp, BudgetOnTheForwardCost) {
  const Network network = small_network();
  const Ldp training({&network, 3, 8, 8, 8}, {});
  const Ldp forward({&network, 3, 8, 8, 8}, {.budget_cost = Ldp::BudgetCost::kForward});
  EXPECT_NEAR(training.cost(), (4 * (9.0 / 64 + 2 * 3.0 / 8) / 3 + 1) / 5, 1e-12);
  EXPECT_NEAR(forward.cost(), (4 * 9.0 / 64 + 1) / 5, 1e-12);
}

TEST(Ldp, BringsBackBetasThatLeftTheirRangeAfterAnEpoch) {
  const Network network = small_network();
  Ldp ldp({&network, 3, 8, 8, 8}, {});
  ldp.restore(std::vector<double>{1.11, -0.11, 0, 0, 0});
  ldp.after_epoch();
  EXPECT_THAT(ldp.betas(), ElementsAre(1, 0, 0));
  ldp.restore(std::vector<double>{1.1, -0.1, 0, 0, 0});
  ldp.after_epoch();
  EXPECT_THAT(ldp.betas(), ElementsAre(1.1, -0.1, 0));
}

TEST(Ldp, OtherBoundsOfBeta) {
  const Network network = small_network();
  Ldp clamped({&network, 3, 8, 8, 8}, {.budget = 1, .learning_rate = 100, .bounds = Ldp::Bounds::kClamp}),
      drifting({&network, 3, 8, 8, 8}, {.budget = 1, .learning_rate = 100, .bounds = Ldp::Bounds::kFree});
  const std::vector<ErrorProducts> products = {{0.02, 0.01}, {-0.01, -0.005}, {}};
  for (Ldp* ldp : {&clamped, &drifting}) {
    ldp->after_backward(products);
    ldp->after_epoch();
  }
  EXPECT_THAT(clamped.betas(), ElementsAre(1.1, -0.1, 0));
  EXPECT_THAT(drifting.betas(),
              ElementsAre(DoubleNear(-100 * kFactor3 * 0.03, 1e-12), DoubleNear(100 * kFactor3 * 0.015, 1e-12), 0.0));
  EXPECT_EQ(drifting.precision(0)[0].weight, 8);
  EXPECT_EQ(drifting.precision(0)[1].weight, 3);
}

std::unique_ptr<Method> ldp_from(const Network& network, const std::vector<std::string>& words) {
  return ldp_method().make({&network, 3, 8, 8, 8}, cli::Arguments(train::option_specs(), words));
}

/// Each option of the command line changes what one step does to beta; the figures are restatements by hand.
TEST(Ldp, OptionsOfTheCommandLine) {
  const Network network = small_network();
  const std::vector<ErrorProducts> products = {{0.02, 0.01}, {-0.01, 0.005}, {}};
  const double first = kFactor3 * 0.03, second = -kFactor3 * 0.005, magnitude = -kFactor3 * 0.035 / 2;
  const auto beta_after = [&](const std::vector<std::string>& words, int steps = 1) {
    const auto ldp = ldp_from(network, words);
    for (int i = 0; i < steps; ++i) ldp->after_backward(products);
    return ldp->state()[0];
  };
  // at 3 bits: training cost (4 * .296875 + 1) / 5 = .4375, forward cost (4 * .140625 + 1) / 5 = .3125
  EXPECT_NEAR(beta_after({}), -0.1 * first, 1e-15) << "below the budget of 0.6";
  EXPECT_NEAR(beta_after({"--budget", "0.43"}), -0.1 * (first + magnitude * 0.5), 1e-15);
  EXPECT_NEAR(beta_after({"--budget", "0.43", "--budget-cost", "forward"}), -0.1 * first, 1e-15);
  EXPECT_NEAR(beta_after({"--budget", "0.31", "--budget-cost", "forward"}), -0.1 * (first + magnitude * 0.5), 1e-15);
  EXPECT_NEAR(beta_after({"--budget", "0.43", "--alpha", "3"}), -0.1 * (first + 3 * magnitude * 0.5), 1e-15);
  EXPECT_NEAR(beta_after({"--budget", "0.43", "--precision-lr", "0.2"}), -0.2 * (first + magnitude * 0.5), 1e-15);
  EXPECT_NEAR(beta_after({"--budget", "0.43", "--alpha", "0", "--cost-gradient", "derivative"}), -0.1 * first, 1e-15);
  EXPECT_LT(second * first, 0);
}

/// Traces have the numbers, not the word that stands for them.
TEST(Ldp, BudgetAndRateOfThePublication) {
  const auto described = [](std::vector<std::string> words) {
    words.insert(words.end(), {"--method", "ldp", "--data", "folder", "-o", "run.trace"});
    const cli::Arguments arguments(train::option_specs(), words);
    return train::describe(train::settings_from(arguments), arguments, {});
  };
  TraceMeta meta = described({"--network", "resnet20"});
  EXPECT_EQ(meta.at("budget"), "0.6");
  EXPECT_EQ(meta.at("precision_lr"), "0.1");
  meta = described({"--network", "pan-x4"});
  EXPECT_EQ(meta.at("budget"), "0.85");
  EXPECT_EQ(meta.at("precision_lr"), "20");
  EXPECT_EQ(described({"--network", "pan-x4", "--precision-lr", "0.5"}).at("precision_lr"), "0.5");

  const Network network = small_network();
  MethodSettings common{&network, 3, 8, 8, 8};
  common.precision_rate = 20;
  const auto ldp = ldp_method().make(common, cli::Arguments(train::option_specs(), {}));
  const std::vector<ErrorProducts> products = {{0.02, 0.01}, {}, {}};
  ldp->after_backward(products);
  EXPECT_NEAR(ldp->state()[0], -20 * kFactor3 * 0.03, 1e-12);
}

/// A budget below the cost of the lowest precision would hold every layer there for ever.
TEST(Ldp, RefusesABudgetThatNoPrecisionReaches) {
  Network network = small_network();
  network.name = "small";
  const auto check = [&](const std::vector<std::string>& words, bool counts_float_layers = true) {
    MethodSettings common{&network, 3, 8, 8, 8};
    common.counts_float_layers = counts_float_layers;
    ldp_method().make(common, cli::Arguments(train::option_specs(), words))->check();
  };
  EXPECT_NO_THROW(check({"--budget", "0.4375"}));
  try {
    check({"--budget", "0.43"});
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "--budget: error: 0.43 cannot be reached: with every quantised layer at 3 bits small costs 0.4375; "
                 "allowed: 0.438 to 1; lower --bits and --budget-layers quantised lower that");
  }
  EXPECT_NO_THROW(check({"--budget", "0.43"}, /*counts_float_layers=*/false));
  EXPECT_THROW(check({"--budget", "0.43", "--budget-layers", "all"}, false), UserError);
  EXPECT_NO_THROW(check({"--budget", "0.3", "--budget-layers", "quantised"}));
  EXPECT_THROW(check({"--budget", "0.29", "--budget-layers", "quantised"}), UserError);
  EXPECT_NO_THROW(check({"--budget", "0.32", "--budget-cost", "forward"}));
  EXPECT_NO_THROW(check({})) << "0.6 as published";
  const auto hint = [&](int bits, int static_bits) {
    return testing_support::message_of([&] {
      ldp_method().make({&network, bits, 8, 8, static_bits}, cli::Arguments(train::option_specs(), {}))->check();
    });
  };
  EXPECT_THAT(hint(8, 8), testing::HasSubstr("costs 1.0000; allowed: 1, which is no limit; lower --bits"));
  EXPECT_THAT(hint(8, 4), testing::HasSubstr("costs 3.4000; no budget can be; higher --static-bits or lower --bits"));
}

/// The mean task gradient of this iteration alone, or an average that remembers a tenth of it.
TEST(Ldp, CostGradientAveragedOrOfTheIteration) {
  const Network network = small_network();
  for (const bool averaged : {true, false}) {
    const auto ldp = averaged ? ldp_from(network, {"--budget", "0.1"})
                              : ldp_from(network, {"--budget", "0.1", "--gradient-average", "0"});
    ldp->after_backward(std::vector<ErrorProducts>{{0.02, 0.01}, {-0.01, 0.005}, {}});
    const double before = ldp->state()[0], magnitude = -kFactor3 * 0.035 / 2;
    ldp->after_backward(std::vector<ErrorProducts>(3));
    EXPECT_NEAR(ldp->state()[0], before - (averaged ? 0.1 * 0.9 * magnitude * 0.5 : 0), 1e-15);
  }
}

/// c_l = d cost / d beta_l by finite differences in bits, of either cost: shares of the layers in the cost gradient.
TEST(Ldp, DerivativeOfEitherCostIsItsFiniteDifference) {
  const Network network = small_network();
  for (const std::string cost : {"training", "forward"}) {
    const auto ldp = ldp_from(network, {"--budget", "0.01", "--budget-cost", cost, "--cost-gradient", "derivative",
                                        "--gradient-average", "0.5"});
    ldp->restore(std::vector<double>{0.2, 0.8, 0, 0.5, 1});  // 4 and 7 bits, average 0.5
    std::vector<double> derivative;
    for (std::size_t layer : {0, 1}) {
      const auto cost_at = [&, layer](double shift) {
        // a precision is an integer; the cost is a polynomial of degree two, so that the symmetric difference of one
        // bit is its derivative
        std::vector<Precision> bits = ldp->precision(0);
        bits[layer].weight += static_cast<int>(shift);
        bits[layer].activation += static_cast<int>(shift);
        return cost == "training" ? training_cost(network, bits, 8) : forward_cost(network, bits, 8);
      };
      derivative.push_back((cost_at(1) - cost_at(-1)) / 2);
    }
    ldp->after_backward(std::vector<ErrorProducts>(3));
    const double mean = (derivative[0] + derivative[1]) / 2;
    EXPECT_NEAR(ldp->state()[0], 0.2 - 0.1 * 0.25 * derivative[0] / mean, 1e-12) << cost;
    EXPECT_NEAR(ldp->state()[1], 0.8 - 0.1 * 0.25 * derivative[1] / mean, 1e-12) << cost;
  }
}

TEST(Ldp, ContinuesFromItsState) {
  const Network network = small_network();
  Ldp whole({&network, 3, 8, 8, 8}, {.budget = 0.3}), resumed({&network, 3, 8, 8, 8}, {.budget = 0.3});
  const std::vector<ErrorProducts> products = {{0.2, 0.1}, {0.1, 0.05}, {}};
  for (int i = 0; i < 5; ++i) whole.after_backward(products);
  resumed.restore(whole.state());
  for (int i = 0; i < 5; ++i) {
    whole.after_backward(products);
    resumed.after_backward(products);
  }
  EXPECT_EQ(whole.state(), resumed.state());
}

}  // namespace
}  // namespace ldpsim::methods
