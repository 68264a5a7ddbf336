// SPDX-License-Identifier: Apache-2.0
// reproduce from outside: tiny trainings of a set that the test makes, undisturbed, killed, and taken from elsewhere.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

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
    remark: a network that there is not
    cases:
      - networks: [resnet8, resnet9]
        datasets: [fashion-mnist]
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
  EXPECT_THAT(full.out,
              HasSubstr("unavailable, skipped: resnet9 on fashion-mnist: --network: error: unknown network 'resnet9'"));
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
  EXPECT_THAT(outcome.out, HasSubstr("seeds: 0 to 1"));
}

}  // namespace
}  // namespace ldpsim::testing_support
