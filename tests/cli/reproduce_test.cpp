// SPDX-License-Identifier: Apache-2.0
// reproduce from outside: tiny trainings of a set that the test makes, undisturbed, killed, and taken from elsewhere.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

#include "sim/core/random.hpp"
#include "tests/support/program.hpp"

namespace ldpsim::testing_support {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kExperiment = R"(title: Tiny
quality: accuracy
groups:
  - name: all
    improvement: true
    rows:
      - {method: SBM, precision: FW8/BW8, run: {method: static, bits: 8}}
      - {method: LDP, precision: FW3-8/BW8, run: {method: ldp, bits: "3:8", budget: 0.5, precision-lr: 5}}
scales:
  small:
    remark: a few iterations
    stand_ins: {cifar10: fashion-mnist}
    cases:
      - networks: [resnet8]
        datasets: [cifar10]
        options: {iterations: 8, batch: 8, evaluate-every: 6, checkpoint-every: 2}
  full:
    remark: a data set that is not there
    cases:
      - networks: [resnet8]
        datasets: [fashion-mnist, cifar100]
        options: {iterations: 8, batch: 8}
figures:
  - {kind: curves, name: blocks, method: LDP, caption: Blocks.}
)";

/// 20 + 8 images of 8 x 8 in the format of MNIST.
void write_set(const ScratchFolder& scratch) {
  const auto number = [](std::uint32_t value) {
    return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16 & 0xFF),
                       static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
  };
  for (const auto& [part, count] : {std::pair<std::string, std::uint32_t>{"train", 20}, {"t10k", 8}}) {
    Random random(count);
    std::string images = number(0x803) + number(count) + number(8) + number(8), labels = number(0x801) + number(count);
    for (std::uint32_t i = 0; i < 64 * count; ++i) images += static_cast<char>(random.between(0, 255));
    for (std::uint32_t i = 0; i < count; ++i) labels += static_cast<char>(random.between(0, 9));
    scratch.write(part + "-images-idx3-ubyte", images);
    scratch.write(part + "-labels-idx1-ubyte", labels);
  }
}

class Reproduce : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(built("ldptrain"))) GTEST_SKIP() << "this build has no trainer";
    write_set(scratch_);
    scratch_.write("tiny.yaml", kExperiment);
  }
  std::vector<std::string> words(const std::string& folder, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> all{"reproduce", scratch_.path("tiny.yaml"),          "-o", scratch_.path(folder),
                                 "--data",    "fashion-mnist=" + scratch_.path("")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string result(const std::string& folder) const {
    return read_file(scratch_.path(folder + "/tiny.txt")) + read_file(scratch_.path(folder + "/tiny.csv")) +
           read_file(scratch_.path(folder + "/blocks.json"));
  }

  bool has_checkpoint(const std::string& folder) const {
    if (!fs::exists(scratch_.path(folder))) return false;
    for (const auto& entry : fs::directory_iterator(scratch_.path(folder))) {
      if (entry.path().extension() == ".ckpt") return true;
    }
    return false;
  }
  void run_until_there_is_a_checkpoint_then_kill(const std::string& folder) const {
    std::vector<std::string> all = words(folder, {"--quiet"});
    all.insert(all.begin(), built("ldpsim"));
    RunningProgram program(all);
    EXPECT_TRUE(program.runs_until([&] { return has_checkpoint(folder); })) << "it had ended before it was killed";
    program.signal(SIGKILL);
    program.wait();
  }

  ScratchFolder scratch_;
};

TEST_F(Reproduce, ThePlanNamesEveryRunAndWhatIsMissing) {
  const Outcome outcome = run_ldpsim(words("plan", {"--dry-run", "--seeds", "2"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("4 of 4 runs to do, 1 side by side on 1 thread each"));
  EXPECT_THAT(outcome.out, HasSubstr("fashion-mnist stands in for cifar10: "));
  EXPECT_THAT(outcome.out, testing::ContainsRegex("resnet8-fashion-mnist-ldp-[0-9a-f]{8}-s2 .* new "));
  EXPECT_FALSE(fs::exists(scratch_.path("plan")));
  const Outcome full = run_ldpsim(words("plan", {"--dry-run", "--scale", "full"}));
  EXPECT_THAT(
      full.out,
      HasSubstr("unavailable, skipped: resnet8 on cifar100: --data: error: dataset 'cifar100' has no packaged folder"));
}

/// Undisturbed; killed while a trainer is at work, and called again; and with the traces of the first: one table.
TEST_F(Reproduce, KilledOrNotTheTableIsTheSame) {
  const Outcome whole = run_ldpsim(words("whole", {"-j", "2"}));
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_THAT(whole.out,
              HasSubstr("data set fashion-mnist in place of cifar10 (20 + 8 images): 8 iterations of 8; scale small"));
  EXPECT_TRUE(fs::exists(scratch_.path("whole/blocks.svg")) && fs::exists(scratch_.path("whole/blocks.png")));
  const std::string expected = result("whole");

  const Outcome more = run_ldpsim(words("whole", {"--dry-run", "--seeds", "2"}));
  EXPECT_THAT(more.out, testing::ContainsRegex("-ldp-[0-9a-f]{8}-s2 .* [0-9]+ s  *pace of resnet8-fashion-mnist-ldp-"));

  run_until_there_is_a_checkpoint_then_kill("killed");
  EXPECT_FALSE(fs::exists(scratch_.path("killed/tiny.txt")));
  const Outcome resumed = run_ldpsim(words("killed"));
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, testing::AnyOf(HasSubstr(": resumed with "), HasSubstr(" done ")));
  EXPECT_EQ(result("killed"), expected);

  const Outcome used = run_ldpsim(words("used", {"--use", scratch_.path("whole"), "--no-training"}));
  ASSERT_EQ(used.code, 0) << used.err;
  EXPECT_THAT(used.err, HasSubstr("0 of 2 runs to do"));
  EXPECT_EQ(result("used"), expected);
}

/// A trace of another sample size or other test data is of another run: both are described where nobody names them.
TEST_F(Reproduce, DescriptionsHaveTheDefaultsOfTheSamples) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"--network resnet8", "image_height=32"},
      {"--network deit-tiny --dataset imagenet", "image_height=224"},
      {"--network deit-tiny --dataset imagenet --image-size 64", "image_height=64"},
      {"--network pan-x4 --dataset bsds", "low_resolution=64"},
      {"--network pan-x4 --dataset bsds", "test_dataset=bsds"},
      {"--network transformer-lm --dataset brown", "tokens=512"},
      {"--network transformer-lm --dataset brown", "test_text="},
      {"--network transformer-lm --dataset brown --tokens 32", "tokens=32"}};
  std::string lines;
  for (const auto& [arguments, expected] : cases) lines += "--data " + scratch_.path("") + " " + arguments + "\n";
  std::replace(lines.begin(), lines.end(), ' ', '\t');
  const std::string file = scratch_.write("lines", lines);
  const Outcome outcome = run_program({"sh", "-c", built("ldptrain") + " --describe < " + file});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::size_t at = 0;
  for (const auto& [arguments, expected] : cases) {
    const std::size_t end = outcome.out.find("\n\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_THAT(outcome.out.substr(at, end - at) + "\n", HasSubstr("\n" + expected + "\n")) << arguments;
    at = end + 2;
  }
}

TEST_F(Reproduce, TheTrainerDescribesTheRunOfItsArguments) {
  const auto describe = [](const std::string& arguments) {
    return run_program({"sh", "-c", built("ldptrain") + " --describe " + arguments + " < /dev/null"});
  };
  const Outcome known = describe("--network resnet8 --dataset fashion-mnist --iterations 77");
  EXPECT_EQ(known.code, 0) << known.err;
  EXPECT_THAT(known.out, HasSubstr("\niterations=77\n"));
  const Outcome wrong = describe("--network resnet8 --dataset cifar10");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.out, "");
  EXPECT_THAT(wrong.err, HasSubstr("--data: error: "));
}

TEST_F(Reproduce, ARunThatFailsIsNamedAndTheOthersAreMade) {
  fs::create_directories(scratch_.path("bad"));
  const std::string plan = run_ldpsim(words("bad", {"--dry-run", "--format", "csv"})).out;
  const std::string name =
      plan.substr(plan.find("resnet8-fashion-mnist-ldp-"), std::string("resnet8-fashion-mnist-ldp-01234567-s1").size());
  scratch_.write("bad/" + name + ".trace", "not a trace");
  const Outcome outcome = run_ldpsim(words("bad"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(name + ".trace: failed: "));
  EXPECT_THAT(outcome.out, HasSubstr("missing: resnet8, cifar10, LDP FW3-8/BW8: not trained to its end"));
  EXPECT_THAT(outcome.out, HasSubstr("seeds: 1\n"));
}

/// What is named must be there: no other data set stands in for a wrong folder or a wrong name.
TEST_F(Reproduce, DataThatIsNamedWronglyIsAnError) {
  const auto with_data = [&](const std::string& data) {
    return run_ldpsim({"reproduce", scratch_.path("tiny.yaml"), "--dry-run", "--data", data});
  };
  const Outcome missing = with_data("cifar10=/no/such");
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("--data: error: 'cifar10=/no/such': no such folder; name the folder of cifar10"));
  EXPECT_EQ(missing.out, "");
  EXPECT_EQ(with_data("cifar10=" + scratch_.path("tiny.yaml")).code, 2);
  EXPECT_EQ(with_data("cifar10=").code, 2);
  const Outcome unknown = with_data("cifar11=" + scratch_.path(""));
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("--data: error: unknown data set 'cifar11'; did you mean 'cifar10'?"));
  const Outcome unused = with_data("imagenet=" + scratch_.path(""));
  EXPECT_EQ(unused.code, 0);
  EXPECT_THAT(unused.err, HasSubstr("--data imagenet: tiny does not use it"));
  const Outcome twice = run_ldpsim(words("twice", {"--dry-run", "--data", "fashion-mnist=" + scratch_.path("")}));
  EXPECT_EQ(twice.code, 2);
  EXPECT_THAT(twice.err, HasSubstr("fashion-mnist is named twice"));
  fs::create_symlink("circle", scratch_.path("circle"));
  const Outcome circle = run_ldpsim(words("any", {"--dry-run", "--use", scratch_.path("circle")}));
  EXPECT_EQ(circle.code, 2);
  EXPECT_EQ(circle.err, scratch_.path("circle") + ": error: Too many levels of symbolic links\n");
}

/// All of it before anything is trained or written.
TEST_F(Reproduce, WhatCannotBeDoneIsRefusedBeforeAnythingIsTrained) {
  const std::string text = kExperiment;
  const auto with = [&](const std::string& old, const std::string& by) {
    std::string changed = text;
    scratch_.write("tiny.yaml", changed.replace(changed.find(old), old.size(), by));
    return run_ldpsim(words("refused"));
  };
  for (const auto& [old, by, expected] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"method: static", "method: statik", "tiny.yaml:7: error: row 'SBM FW8/BW8' with the case at "},
           {"method: static", "method: statik", "--method: unknown method 'statik'; did you mean 'static'?"},
           {"bits: 8", "bits: \"8:3\"", "--bits: lower bound 8 is above upper bound 3"},
           {"budget: 0.5", "gradient-bit: 8", "unknown option '--gradient-bit'; did you mean '--gradient-bits'?"},
           {"iterations: 8", "iterations: -4", "--iterations: -4 is out of range"},
           {"[resnet8]", "[resnet9]", "--network: unknown network 'resnet9'"},
           {"quality: accuracy", "quality: accuracy\npublished: {file: nosuch, table: 1}", "no published figures"}}) {
    const Outcome outcome = with(old, by);
    EXPECT_EQ(outcome.code, 2) << by;
    EXPECT_THAT(outcome.err, HasSubstr(expected)) << by;
    EXPECT_FALSE(fs::exists(scratch_.path("refused")));
  }
  scratch_.write("tiny.yaml", text);
  const Outcome format = run_ldpsim(words("refused", {"--format", "xml"}));
  EXPECT_EQ(format.code, 2);
  EXPECT_FALSE(fs::exists(scratch_.path("refused")));
}

/// A table of finished runs needs their traces only, also where another data set could stand in.
TEST_F(Reproduce, FinishedRunsNeedNoData) {
  for (const char* part : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"})
    scratch_.write(std::string(part) + ".bin", std::string(4 * 3073, '\3'));
  scratch_.write("test_batch.bin", std::string(8 * 3073, '\3'));
  const std::string experiment = scratch_.path("tiny.yaml");
  const Outcome trained = run_ldpsim(
      {"reproduce", experiment, "-o", scratch_.path("trained"), "-j", "2", "--data", "cifar10=" + scratch_.path("")});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(trained.out, HasSubstr("ours: data set cifar10 (20 + 8 images): 8 iterations of 8;"));
  const Outcome used = run_ldpsim(
      {"reproduce", experiment, "-o", scratch_.path("used"), "--no-training", "--use", scratch_.path("trained")});
  ASSERT_EQ(used.code, 0) << used.err;
  EXPECT_EQ(result("used"), result("trained"));
  const Outcome again = run_ldpsim({"reproduce", experiment, "-o", scratch_.path("trained"), "--no-training"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(again.out, trained.out);
  const Outcome other_seed =
      run_ldpsim({"reproduce", experiment, "-o", scratch_.path("trained"), "--dry-run", "--seeds", "2"});
  EXPECT_THAT(other_seed.out, HasSubstr("unavailable, skipped: resnet8 on cifar10: --data: error: dataset 'cifar10'"));
}

}  // namespace
}  // namespace ldpsim::testing_support
