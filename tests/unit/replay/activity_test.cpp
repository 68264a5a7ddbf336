// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/activity.hpp"

#include <gmock/gmock.h>

#include "sim/replay/columns.hpp"
#include "tests/unit/replay/made_up.hpp"

namespace ldpsim {
namespace {

using namespace testing_support;

/// One sample of every pass of every layer, with the codes that two functions make.
class MadeUpValues final : public ValueSource {
 public:
  using Code = std::function<std::int32_t(std::int64_t place, int bits)>;
  MadeUpValues(const Network& network, Code moving, Code stationary)
      : network_(network), moving_(std::move(moving)), stationary_(std::move(stationary)) {}
  const Network& network() const override { return network_; }
  void for_each_sample(std::size_t, Pass, PassBits bits,
                       const std::function<void(const ValueSample&)>& visit) const override {
    visit({.moving = tensor(moving_, bits.moving), .stationary = tensor(stationary_, bits.stationary)});
  }
  std::vector<std::string> notes() const override { return {"made up"}; }
  std::string canonical() const override { return "made up"; }

 private:
  static QuantisedTensor tensor(const Code& code, int bits) {
    QuantisedTensor tensor{.shape = {1000}, .bits = bits, .codes = {}, .scale = {1}, .offset = {0}};
    for (std::int64_t i = 0; i < 1000; ++i) tensor.codes.push_back(code(i, bits));
    return tensor;
  }
  Network network_;
  Code moving_, stationary_;
};

std::int32_t zero(std::int64_t, int) { return 0; }
std::int32_t all_set(std::int64_t, int bits) { return (1 << bits) - 1; }
std::int32_t alternating(std::int64_t place, int bits) { return place % 2 == 0 ? 0 : (1 << bits) - 1; }

TEST(Activity, SharesOfBitsByHand) {
  BitShares shares;
  shares.add({.shape = {3}, .bits = 3, .codes = {1, 3, 6}, .scale = {1}, .offset = {0}});  // 001 011 110
  EXPECT_EQ(shares.bits, 9);
  EXPECT_EQ(shares.ones, 5);
  EXPECT_EQ(shares.pairs, 6);
  EXPECT_EQ(shares.changes, 1 + 2);
  shares.add({.shape = {2}, .bits = 3, .is_signed = true, .codes = {-1, 1}, .scale = {1}, .offset = {0}});  // 111 001
  EXPECT_EQ(shares.ones, 9);
  EXPECT_EQ(shares.changes, 5);
}

TEST(Activity, IsThatOfProductsOfBits) {
  const Network network = made_up_run("resnet20", 1, 1).workload.network;
  const auto of = [&](const MadeUpValues::Code& moving, const MadeUpValues::Code& stationary) {
    const MadeUpValues values(network, moving, stationary);
    return ActivityEstimator(values).of(1, Pass::kForward, {.moving = 5, .stationary = 3});
  };
  EXPECT_EQ(of(zero, all_set), 0);
  EXPECT_EQ(of(alternating, zero), 0);
  EXPECT_EQ(of(all_set, all_set), 0) << "nothing changes";
  EXPECT_EQ(of(alternating, all_set), 4);
  const auto coins = make_uniform_values(network);
  for (const int bits : {1, 4, 8})
    EXPECT_NEAR(ActivityEstimator(*coins).of(1, Pass::kBackwardWeight, {.moving = bits, .stationary = bits}), 1, 0.02);
}

TEST(Activity, ScalesTheEnergyOfThePesAndNothingElse) {
  const ReplayRun run = made_up_run("resnet20", 1, 1);
  for (const char* name : {"stripes", "bitfusion", "systolic", "unpu"}) {
    const Machine m = machine(name, "free");
    const PassQuestion question{
        .layer = run.workload.network.layers[3], .bits = {5, 6, 7}, .batch = 2, .layer_index = 3};
    const auto cost = [&](const ValueSource* values, bool activity) {
      return Pricing(accelerator(), m, true, values, activity).price(question);
    };
    const MadeUpValues zeros(run.workload.network, zero, zero);
    const auto coins = make_uniform_values(run.workload.network);
    const PassCost without = cost(nullptr, false), none = cost(&zeros, true), fair = cost(coins.get(), true);
    EXPECT_EQ(cost(&zeros, false), without) << "the option is off";
    EXPECT_EQ(none.stack, without.stack);
    ActionTotals rest = none.counts;
    rest[Action::kQuietCycle] = 0;
    EXPECT_EQ(rest, without.counts);
    const auto array_pj = [&](const PassCost& c) { return component_energies(m, c).front().pj; };
    const double before = array_pj(without);
    EXPECT_NEAR(array_pj(none), 0, 1e-9 * before) << name;
    EXPECT_NEAR(array_pj(fair), before, 0.02 * before) << name;
    EXPECT_NEAR(energy_pj(m, none), energy_pj(m, without) - before, 1e-9 * energy_pj(m, without));
  }
}

TEST(Activity, AShareOfTheEnergyMayStay) {
  const ReplayRun run = made_up_run("resnet20", 1, 1);
  ArchSpec arch = machine("stripes").arch();
  arch.set("energy.activity_share", "0.25", "test");
  const Machine m(arch);
  const MadeUpValues zeros(run.workload.network, zero, zero);
  const PassQuestion question{.layer = run.workload.network.layers[3], .batch = 2, .layer_index = 3};
  const auto array_pj = [&](const ValueSource* values) {
    return component_energies(m, Pricing(accelerator(), m, true, values, true).price(question)).front().pj;
  };
  EXPECT_NEAR(array_pj(&zeros), 0.75 * array_pj(nullptr), 1e-6 * array_pj(nullptr));
}

TEST(UnpricedActions, HaveEmptyCellsAndANote) {
  const ReplayRun run = made_up_run("resnet20", 1, 1);
  const Machine released = machine("bitfusion-eyeriss", "free"), training = machine("bitfusion", "free");
  for (const Machine* m : {&released, &training}) {
    Pricing pricing(accelerator(), *m);
    const ReplayCosts costs = replay(pricing, run, {std::begin(kAllPasses), std::end(kAllPasses)});
    const Table table = replay_table(*m, run, costs, Detail::kTotal);
    const bool priced = m == &training;
    EXPECT_EQ(unpriced_notes(*m, table).empty(), priced);
    const auto at = std::find(table.columns().begin(), table.columns().end(), "energy_correction_pj");
    const auto column = static_cast<std::size_t>(at - table.columns().begin());
    EXPECT_EQ(std::holds_alternative<double>(table.rows().back()[column]), priced);
    if (!priced) {
      EXPECT_THAT(unpriced_notes(*m, table).front(),
                  testing::HasSubstr("correction_adds, accumulator_spills, vector_operations"));
    }
  }
}

}  // namespace
}  // namespace ldpsim
