// SPDX-License-Identifier: Apache-2.0
// What the command line makes of a run, and what it refuses before anything is read.
#include "frontend/train/settings.hpp"

#include <gmock/gmock.h>

#include "tests/support/scratch.hpp"

namespace ldpsim::train {
namespace {

using testing::StartsWith;
using testing_support::message_of;
using Words = std::vector<std::string>;

Settings settings_of(Words words) {
  words.insert(words.end(), {"--data", "folder", "-o", "run.trace"});
  return settings_from(cli::Arguments(option_specs(), words));
}

TEST(Settings, RefuseOptionsThatWouldDoNothing) {
  struct Refusal {
    Words words;
    const char* message;
  };
  for (const Refusal& refusal :
       {Refusal{{"--lr-end", "0.01"}, "--lr-end: error: does not apply to a learning rate without a cosine"},
        Refusal{{"--lr-schedule", "constant", "--lr-end", "0.01"}, "--lr-end: error: does not apply"},
        Refusal{{"--network", "transformer-lm", "--lr-end", "0.01"}, "--lr-end: error: does not apply"},
        Refusal{{"--network", "pan-x4", "--label-smoothing", "0.1"},
                "--label-smoothing: error: does not apply to dataset 'photos'; its targets are images"},
        Refusal{{"--skip-damaged"},
                "--skip-damaged: error: does not apply to dataset 'fashion-mnist'; it has no picture files"},
        Refusal{{"--network", "transformer-lm", "--skip-damaged"}, "--skip-damaged: error: does not apply to dataset"},
        Refusal{{"--network", "pan-x4", "--augment", "off"},
                "--augment: error: does not apply to dataset 'photos'; its patches are always drawn"},
        Refusal{{"--network", "transformer-lm", "--augment", "off"},
                "--augment: error: does not apply to dataset 'anarchism'; its samples are never changed"},
        Refusal{{"--momentum", "1"}, "--momentum: error: 1 is out of range"},
        Refusal{{"--network", "pan-x4", "--method", "range-test"},
                "--range-metric: error: accuracy needs classes, which the network does not tell apart; "
                "--range-metric loss"},
        Refusal{{"--network", "pan-x4", "--method", "pfq"}, "--stages: error: is missing"},
        Refusal{{"--method", "replayed"}, "--schedule: error: is missing"}}) {
    EXPECT_THAT(message_of([&] { settings_of(refusal.words); }), StartsWith(refusal.message));
  }
}

TEST(Settings, TakeThemWhereTheyDoSomething) {
  EXPECT_EQ(settings_of({"--lr-schedule", "cosine", "--lr-end", "0.01"}).recipe.rate_end, 0.01);
  EXPECT_EQ(settings_of({"--network", "pan-x4", "--lr-end", "0.01"}).recipe.rate_end, 0.01);
  EXPECT_EQ(settings_of({"--network", "transformer-lm", "--label-smoothing", "0.1"}).recipe.label_smoothing, 0.1);
  EXPECT_TRUE(settings_of({"--network", "pan-x4", "--skip-damaged"}).skip_damaged);
  EXPECT_TRUE(settings_of({"--network", "resnet18", "--dataset", "imagenet", "--skip-damaged"}).skip_damaged);
  EXPECT_FALSE(settings_of({"--augment", "off"}).augment);
  EXPECT_NO_THROW(settings_of({"--network", "pan-x4", "--method", "range-test", "--range-metric", "loss"}));
}

/// Networks that were published with another schedule have no drops of their own.
TEST(LearningRate, DropsInStepsOfAnyNetwork) {
  for (const char* network : {"resnet20", "deit-tiny", "pan-x4", "transformer-lm"}) {
    const Settings settings = settings_of(
        {"--network", network, "--lr-schedule", "steps", "--lr", "0.4", "--warm-up", "0", "--iterations", "8"});
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(3), 0.4) << network;
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(4), 0.04) << network;
    EXPECT_DOUBLE_EQ(settings.learning_rate_at(7), 0.004) << network;
  }
}

}  // namespace
}  // namespace ldpsim::train
