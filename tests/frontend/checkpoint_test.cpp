// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/checkpoint.hpp"

#include <gmock/gmock.h>

#include "frontend/methods/method.hpp"
#include "frontend/models/catalogue.hpp"
#include "sim/core/error.hpp"

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

}  // namespace
}  // namespace ldpsim::train
