// SPDX-License-Identifier: Apache-2.0
// What a process's part of a batch weighs, and how small a batch may be.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "frontend/data/text.hpp"
#include "frontend/models/model.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/applicable.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::train {
namespace {

using at::Tensor;
using testing::HasSubstr;
using testing_support::message_of;

constexpr data::TaskKind kText = data::TaskKind::kLanguageModelling;

Settings settings_of(std::vector<std::string> words) {
  words.insert(words.end(), {"-o", "run.trace"});
  return settings_from(cli::Arguments(option_specs(), words));
}

/// The batch of process `rank` of `size`, of a text of ten tokens in blocks of four: 4, 4 and 2 targets.
tasks::Batch part_of(int rank, int size) {
  const testing_support::ScratchFolder folder;
  for (const char* part : {"train.txt", "valid.txt", "test.txt"}) folder.write(part, "a b a b a b a b a\n");
  Settings settings = settings_of(
      {"--network", "transformer-lm", "--dataset", "text", "--data", folder.path(""), "--tokens", "4", "--batch", "3"});
  settings.meeting.rank = rank;
  settings.meeting.size = size;
  return tasks::make_task(settings)->train_batch(0);
}

/// A network that is one table; its gradient after the loss of a batch, times `factor`.
struct Result {
  double loss = 0;
  Tensor gradient;
};
Result result_of(const tasks::Batch& batch, double factor) {
  const Tensor table = at::arange(64, at::kDouble).sin().reshape({8, 8}).requires_grad_();
  const Tensor loss = tasks::loss_of(kText, at::embedding(table, batch.input), batch.target, 0.1) * factor;
  loss.backward();
  return {loss.item<double>(), table.grad()};
}

TEST(PartsOfABatch, OfATextWeighTheirTargets) {
  const tasks::Batch whole = part_of(0, 1), first = part_of(0, 2), second = part_of(1, 2);
  EXPECT_EQ(tasks::weight_of(kText, whole), 10);
  for (const tasks::Batch* batch : {&whole, &first, &second}) EXPECT_EQ(batch->whole, 10);
  const auto share = [](const tasks::Batch& part) {
    return static_cast<double>(tasks::weight_of(kText, part)) / static_cast<double>(part.whole);
  };
  const Result all = result_of(whole, 1), one = result_of(first, share(first)), two = result_of(second, share(second));
  EXPECT_NEAR(one.loss + two.loss, all.loss, 1e-12);
  EXPECT_TRUE(at::allclose(one.gradient + two.gradient, all.gradient, 1e-12, 1e-14));
}

TEST(PartsOfABatch, OfImagesWeighTheirSamples) {
  const tasks::Batch batch = tasks::random_batch(data::TaskKind::kClassification, {10, 8}, 3);
  EXPECT_EQ(tasks::weight_of(data::TaskKind::kClassification, batch), 3);
}

TEST(Accuracy, LeavesOutWhatHasNoTarget) {
  const Tensor target = at::arange(4, at::kLong).unsqueeze(0).clone();  // 0 1 2 3
  Tensor output = at::zeros({1, 4, 4});
  for (std::int64_t i = 0; i < 3; ++i) output[0][i][i] = 1;  // the first three are right
  EXPECT_EQ(tasks::accuracy_of(kText, output, target), 0.75);
  target[0][3] = data::kNoTarget;
  EXPECT_EQ(tasks::accuracy_of(kText, output, target), 1);
}

/// The last batch of an epoch counts, if the run comes to it.
TEST(Batches, NeedASampleForEveryProcess) {
  Settings settings = settings_of({"--network", "resnet8", "--data", "folder", "--batch", "19", "--iterations", "2"});
  EXPECT_NO_THROW(check_batches(settings, 20, 1));
  settings.meeting.size = 2;
  EXPECT_EQ(message_of([&] { check_batches(settings, 20, 1); }),
            "--batch: error: 19 leaves 1 of 20 samples to the last batch of an epoch, 2 processes need 2; --batch 18");
  EXPECT_NO_THROW(check_batches(settings, 0, 1)) << "every batch is full";
  settings.batch = 18;
  EXPECT_NO_THROW(check_batches(settings, 20, 1));
  settings.batch = 19;
  settings.iterations = 1;
  EXPECT_NO_THROW(check_batches(settings, 20, 1)) << "it ends before";
  settings.meeting.size = 32;
  EXPECT_THAT(message_of([&] { check_batches(settings, 20, 1); }), HasSubstr("is 19, 32 processes need 32"));
}

/// Batch normalisation needs two values of a channel; a ResNet-18 makes of 32 x 32 pixels one value for each image.
TEST(Batches, NeedValuesToNormalise) {
  const auto least = [](const char* network, const models::Extent& extent) {
    return least_batch(*model_entry(network).make(extent, {}));
  };
  EXPECT_EQ(least("resnet8", {10, 32}), 1);
  EXPECT_EQ(least("resnet18", {10, 32}), 2);
  EXPECT_EQ(least("deit-tiny", {10, 32}), 1);
  const Settings settings = settings_of({"--network", "resnet8", "--data", "folder", "--batch", "19"});
  EXPECT_THAT(message_of([&] { check_batches(settings, 20, 2); }),
              HasSubstr("samples to the last batch of an epoch, the normalisation needs 2; --batch 18"));
}

}  // namespace
}  // namespace ldpsim::train
