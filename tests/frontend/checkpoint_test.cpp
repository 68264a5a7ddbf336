// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/checkpoint.hpp"

#include <gmock/gmock.h>
#include <torch/serialize.h>

#include "frontend/methods/method.hpp"
#include "frontend/models/catalogue.hpp"
#include "sim/core/error.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::train {
namespace {

using testing::HasSubstr;

RunIdentity identity_of(std::vector<std::string> words) {
  words.insert(words.end(), {"-o", "run.trace"});
  const cli::Arguments arguments(option_specs(), words);
  return identify(settings_from(arguments), arguments, {{"dataset_sha256", "ab"}});
}

TEST(RunIdentity, AKeyThatAnOlderVersionDidNotWriteStandsForItsDefault) {
  const RunIdentity usual = identity_of({"--network", "resnet20", "--method", "ldp"});
  TraceMeta older = usual.meta;
  ASSERT_EQ(older.erase("budget_layers") + older.erase("clip_norm"), 2u);
  check_same_run("run.trace.ckpt", usual, older);

  const RunIdentity other = identity_of({"--network", "resnet20", "--method", "ldp", "--budget-layers", "all"});
  try {
    check_same_run("run.trace.ckpt", other, older);
    FAIL() << "of another run";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("run.trace.ckpt: error: belongs to a run with budget_layers = 'published', "
                                        "not 'all'"));
  }
}

TEST(RunIdentity, DataHaveNoDefault) {
  const RunIdentity run = identity_of({"--network", "resnet20", "--method", "ldp"});
  TraceMeta other = run.meta;
  other.erase("dataset_sha256");
  EXPECT_THROW(check_same_run("run.trace", run, other), UserError);
}

TEST(RunIdentity, EveryMethodAndNetworkHasOne) {
  for (const models::ModelEntry& network : models::builtin_models()) {
    for (const methods::MethodEntry& method : methods::builtin_methods()) {
      if (method.name == "sbm-original" && !network.batch_norm) continue;
      SCOPED_TRACE(network.name + " " + method.name);
      const RunIdentity run =
          identity_of({"--network", network.name, "--method", method.name, "--data", "folder", "--seed", "1"});
      EXPECT_EQ(run.usual.size() + 1, run.meta.size());
    }
  }
}

/// Rewrites a checkpoint with the keys that `keep` takes.
template <typename Keep>
void thin_out(const std::string& file, const Keep& keep) {
  torch::serialize::InputArchive from;
  from.load_from(file);
  torch::serialize::OutputArchive to;
  for (const std::string& key : from.keys()) {
    c10::IValue value;
    from.read(key, value);
    if (keep(key)) to.write(key, value);
  }
  to.save_to(file);
}

TEST(Checkpoint, MayLackWhatOlderVersionsDidNotWrite) {
  const testing_support::ScratchFolder scratch;
  const std::string file = scratch.path("run.trace.ckpt");
  const std::vector<std::string> words = {"--network", "resnet8", "--method", "static", "-o", "run.trace"};
  const cli::Arguments arguments(option_specs(), words);
  const Settings settings = settings_from(arguments);
  const RunIdentity run = identify(settings, arguments, {});
  Stepper stepper(settings, arguments, {10, 32});
  save_checkpoint(file, {7, 81.5}, run.meta, stepper);
  EXPECT_EQ(load_checkpoint(file, run, stepper)->headline, 81.5);

  thin_out(file, [](const std::string& key) { return key != "headline"; });
  const auto older = load_checkpoint(file, run, stepper);
  ASSERT_TRUE(older.has_value());
  EXPECT_EQ(older->next_iteration, 7);
  EXPECT_LT(older->headline, 0);

  thin_out(file, [](const std::string& key) { return key != "tensor_3"; });
  EXPECT_THROW(load_checkpoint(file, run, stepper), DamagedFile);
  thin_out(file, [](const std::string& key) { return key == "run"; });
  EXPECT_THROW(load_checkpoint(file, run, stepper), DamagedFile);
}

}  // namespace
}  // namespace ldpsim::train
