// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/checkpoint.hpp"

#include <gmock/gmock.h>
#include <torch/serialize.h>

#include <filesystem>
#include <fstream>

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

/// Checkpoints are older than the option.
TEST(RunIdentity, HoldsHowConvolutionsAreComputed) {
  const RunIdentity usual = identity_of({"--network", "resnet20"});
  TraceMeta older = usual.meta;
  ASSERT_EQ(older.erase("convolution"), 1u);
  check_same_run("run.trace.ckpt", usual, older);
  const RunIdentity direct = identity_of({"--network", "resnet20", "--convolution", "direct"});
  EXPECT_THROW(check_same_run("run.trace.ckpt", direct, usual.meta), UserError);
  EXPECT_THROW(check_same_run("run.trace.ckpt", usual, direct.meta), UserError);
}

TEST(RunIdentity, DataHaveNoDefault) {
  const RunIdentity run = identity_of({"--network", "resnet20", "--method", "ldp"});
  TraceMeta other = run.meta;
  other.erase("dataset_sha256");
  EXPECT_THROW(check_same_run("run.trace", run, other), UserError);
}

/// Those too that are no run without an option of their own.
TEST(RunIdentity, EveryMethodAndNetworkHasOne) {
  const testing_support::ScratchFolder scratch;
  const std::string recorded = scratch.path("recorded.trace");
  TraceWriter::create(recorded, {{"network", "net"}, {"batch", "8"}, {"static_bits", "8"}}, {Layer{.name = "conv1"}})
      .commit();
  const auto options_of = [&](const std::string& method,
                              const models::ModelEntry& network) -> std::vector<std::string> {
    if (method == "replayed") return {"--schedule", recorded};
    if (network.task != data::TaskKind::kSuperResolution) return {};
    if (method == "pfq") return {"--stages", "8,10,12,16"};
    return method == "range-test" ? std::vector<std::string>{"--range-metric", "loss"} : std::vector<std::string>{};
  };
  for (const models::ModelEntry& network : models::builtin_models()) {
    for (const methods::MethodEntry& method : methods::builtin_methods()) {
      if (method.name == "sbm-original" && !network.batch_norm) continue;
      SCOPED_TRACE(network.name + " " + method.name);
      std::vector<std::string> words = {"--network", network.name, "--method", method.name,
                                        "--data",    "folder",     "--seed",   "1"};
      const std::vector<std::string> needed = options_of(method.name, network);
      words.insert(words.end(), needed.begin(), needed.end());
      const RunIdentity run = identity_of(words);
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

struct SmallRun {
  cli::Arguments arguments{option_specs(), {"--network", "resnet8", "--method", "static", "-o", "run.trace"}};
  Settings settings = settings_from(arguments);
  RunIdentity identity = identify(settings, arguments, {});
  Stepper stepper{settings, arguments, {10, 32}};
  testing_support::ScratchFolder scratch;
  std::string file = scratch.path("run.trace.ckpt");

  void save(const Checkpoint& checkpoint, Survives survives) {
    save_checkpoint(file, checkpoint, identity.meta, stepper, survives);
  }
  std::optional<Checkpoint> load() { return load_checkpoint(file, identity, stepper); }
};

TEST(Checkpoint, MayLackWhatOlderVersionsDidNotWrite) {
  SmallRun run;
  run.save({7, 81.5, {}}, Survives::kPowerFailure);
  EXPECT_EQ(run.load()->headline, 81.5);

  thin_out(run.file, [](const std::string& key) { return key != "headline" && key != "has_sum"; });
  const auto older = run.load();
  ASSERT_TRUE(older.has_value());
  EXPECT_EQ(older->next_iteration, 7);
  EXPECT_LT(older->headline, 0);

  thin_out(run.file, [](const std::string& key) { return key != "tensor_3"; });
  EXPECT_THROW(run.load(), DamagedFile);
  thin_out(run.file, [](const std::string& key) { return key == "run"; });
  EXPECT_THROW(run.load(), DamagedFile);
}

/// A byte in the middle of a weight is as good as any other to everything but the sum over the file.
TEST(Checkpoint, DamageWithinIsSeen) {
  SmallRun run;
  run.save({7, 50, {}}, Survives::kPowerFailure);
  const std::string whole = testing_support::read_file(run.file);
  const auto damaged_at = [&](std::size_t place) {
    std::string bytes = whole;
    bytes[place] = static_cast<char>(bytes[place] ^ 0x40);
    std::ofstream(run.file, std::ios::binary) << bytes;
    EXPECT_THROW(run.load(), DamagedFile) << place;
  };
  damaged_at(whole.size() / 2);
  damaged_at(whole.size() - 1);   // of the sum
  damaged_at(whole.size() - 20);  // of its mark
  std::ofstream(run.file, std::ios::binary) << whole.substr(0, whole.size() - 23);
  EXPECT_THROW(run.load(), DamagedFile) << "without its sum";

  run.save({9, 50, {}}, Survives::kKill);
  EXPECT_EQ(run.load()->next_iteration, 9) << "the other file is whole";
  std::ofstream(run.file, std::ios::binary) << whole;
  EXPECT_EQ(run.load()->next_iteration, 9);
}

TEST(Checkpoint, TheLatestFileCounts) {
  SmallRun run;
  EXPECT_FALSE(run.load().has_value());
  const std::vector<std::uint8_t> bits = {3, 4, 5};
  TraceIteration row{8, 1, 0.123456789012345678, 0.1, bits, {6, 7, 8}, {8, 8, 8}};
  run.save({7, 50, {}}, Survives::kPowerFailure);
  run.save({9, 50, {row}}, Survives::kKill);
  const Checkpoint step = run.load().value();
  EXPECT_EQ(step.next_iteration, 9);
  ASSERT_EQ(step.unwritten.size(), 1u);
  EXPECT_EQ(step.unwritten[0].iteration, 8);
  EXPECT_EQ(step.unwritten[0].epoch, 1);
  EXPECT_EQ(step.unwritten[0].loss, row.loss);
  EXPECT_EQ(step.unwritten[0].weight_bits, bits);
  EXPECT_EQ(step.unwritten[0].activation_bits, row.activation_bits);
  EXPECT_EQ(step.unwritten[0].gradient_bits, row.gradient_bits);

  const std::string step_file = checkpoint_files(run.file)[1];
  std::filesystem::resize_file(step_file, std::filesystem::file_size(step_file) / 2);
  EXPECT_EQ(run.load()->next_iteration, 7) << "a damaged one does no harm";
  run.save({9, 50, {}}, Survives::kKill);
  run.save({10, 50, {}}, Survives::kKill);
  EXPECT_EQ(run.load()->next_iteration, 10);
  std::filesystem::remove(step_file);
  EXPECT_EQ(run.load()->next_iteration, 9) << "killed while the files changed their names";
  std::filesystem::resize_file(run.file, 100);
  EXPECT_EQ(run.load()->next_iteration, 9);
  // Killed a second time, when it has written beside the file and not yet renamed it.
  const std::string before_file = checkpoint_files(run.file)[2];
  run.save({10, 50, {}}, Survives::kKill);
  EXPECT_TRUE(std::filesystem::exists(before_file)) << "the only whole one until the new one has its name";
  run.save({11, 50, {}}, Survives::kPowerFailure);
  EXPECT_EQ(run.scratch.files(), 1u);
}

}  // namespace
}  // namespace ldpsim::train
