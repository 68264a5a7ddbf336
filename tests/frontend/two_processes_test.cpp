// SPDX-License-Identifier: Apache-2.0
// Trainings of two processes on this machine.
#include <filesystem>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include "tests/support/trainer_run.hpp"

namespace ldpsim {
namespace {

using namespace testing_support;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// Ranges, normalisation, gradients and precisions are those of the whole batch; only the order of sums differs.
/// Batches of 8, 8 and 4 samples, 4 + 4 and 2 + 2 of them in each process.
TEST_F(TrainerRun, TwoProcessesTrainAsOne) {
  struct Case {
    const char *method, *bits;
    double tolerance;
  };
  // A sum that rounds otherwise may move a value over the edge between two codes.
  for (const Case& c : {Case{"fp32", "", 2e-4}, Case{"ldp", "8:12", 2e-3}, Case{"sbm-original", "12", 5e-3}}) {
    Words words = {"--method", c.method, "--iterations", "6", "--lr", "0.01", "--evaluate-every", "0"};
    if (*c.bits != '\0') words = joined(words, {"--bits", c.bits, "--gradient-bits", "12"});
    EXPECT_EQ(run("alone.trace", words).code, 0);
    const Outcome both = run_two("together.trace", words);
    ASSERT_EQ(both.code, 0) << both.err;
    const std::vector<double> alone = losses("alone.trace"), together = losses("together.trace");
    ASSERT_EQ(alone.size(), 6u);
    ASSERT_EQ(together.size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(together[i], alone[i], c.tolerance) << c.method << " " << i;
    for (const char* file : {"alone.trace", "alone.trace.ckpt", "together.trace", "together.trace.ckpt"})
      fs::remove(path(file));
  }
}

/// torchrun's agent holds the store at MASTER_PORT itself; its workers are clients of it, each start under keys of its
/// own.
TEST_F(TrainerRun, MeetsInTheStoreThatALauncherHolds) {
  c10d::TCPStoreOptions options;
  options.isServer = true;
  options.waitWorkers = false;
  options.port = static_cast<std::uint16_t>(free_port());
  const auto agent = c10::make_intrusive<c10d::TCPStore>("127.0.0.1", options);
  const Words words = {"--iterations", "2", "--evaluate-every", "0", "--quiet"};
  for (const std::string attempt : {"0", "1"}) {
    const auto worker = [&](const std::string& rank) {
      const Words environment = {"env",
                                 "WORLD_SIZE=2",
                                 "RANK=" + rank,
                                 "MASTER_ADDR=127.0.0.1",
                                 "MASTER_PORT=" + std::to_string(options.port),
                                 "TORCHELASTIC_USE_AGENT_STORE=True",
                                 "TORCHELASTIC_RESTART_COUNT=" + attempt};
      return joined(environment, arguments("launched" + attempt + ".trace", words));
    };
    RunningProgram first(worker("0")), second(worker("1"));
    for (RunningProgram* process : {&first, &second}) {
      const Outcome ending = process->wait();
      EXPECT_EQ(ending.code, 0) << ending.err;
    }
    EXPECT_EQ(losses("launched" + attempt + ".trace").size(), 2u);
  }
}

TEST_F(TrainerRun, TwoProcessesGoOnAsIfTheyHadNotStopped) {
  const Words words = {"--iterations", "6", "--evaluate-every", "0", "--checkpoint-every", "2"};
  const Outcome whole = run_two("whole.trace", words);
  ASSERT_EQ(whole.code, 0) << whole.err;
  Pair halves = start_two("halves.trace", words);
  halves.first.runs_until([] { return fs::exists(path("halves.trace.ckpt")); });
  halves.second.signal(SIGKILL);
  halves.second.wait();
  const Outcome lost = halves.first.wait();
  EXPECT_TRUE(lost.code == 2 || lost.code == 0) << lost.code;  // 0: it was done already
  if (lost.code == 2) {
    EXPECT_THAT(lost.err, HasSubstr("lost another one"));
  }
  const Outcome again = run_two("halves.trace", joined(words, {"--resume"}));
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(dump(path("halves.trace")), dump(path("whole.trace")));
}

TEST_F(TrainerRun, ProcessesOfUnlikeSettingsDoNotTrainTogether) {
  struct Case {
    Words more;
    const char* message;
  };
  const Words words = {"--iterations", "4", "--evaluate-every", "0"};
  for (const Case& c : {Case{{"--lr", "0.2"}, "has learning_rate = '0.2', process 0 has '0.1'"},
                        Case{{"--network", "resnet20"}, "has network = 'resnet20', process 0 has 'resnet8'"},
                        Case{{"--seed", "2"}, "has seed = '2', process 0 has '1'"},
                        Case{{"--iterations", "5"}, "has iterations = '5', process 0 has '4'"},
                        Case{{"--resume"}, "has resume = 'on', process 0 has 'off'"}}) {
    Pair pair = start_two("unlike.trace", words, c.more);
    for (RunningProgram* process : {&pair.first, &pair.second}) {
      const Outcome ending = process->wait();
      EXPECT_EQ(ending.code, 2) << ending.err;
      EXPECT_THAT(ending.err, HasSubstr(std::string("ldptrain: error: process 1 ") + c.message +
                                        "; start all of them with the same arguments, data and program\n"));
    }
    EXPECT_FALSE(fs::exists(path("unlike.trace")));
  }
}

/// An epoch of training would have been lost.
TEST_F(TrainerRun, ABatchTooSmallForAllProcessesIsRefusedAtOnce) {
  const Outcome ending = run_two("small.trace", {"--iterations", "2", "--batch", "19"});
  EXPECT_EQ(ending.code, 2);
  EXPECT_THAT(ending.err, HasSubstr("--batch: error: 19 leaves 1 of 20 samples to the last batch of an epoch, "
                                    "2 processes need 2; --batch 18\n"));
  EXPECT_FALSE(fs::exists(path("small.trace")));
}

TEST_F(TrainerRun, ProcessesAreNumberedAlike) {
  Pair pair = start_two("unlike.trace", {"--iterations", "1"}, {"--world-size", "3"});
  EXPECT_THAT(pair.second.wait().err,
              HasSubstr("--world-size: error: is 3, of process 0 2; give all of them the same"));
}

TEST_F(TrainerRun, WaitsForTheOthersAWhile) {
  const std::string master = "127.0.0.1:" + std::to_string(free_port());
  const Words words = {"--iterations", "1", "--world-size", "3", "--rank", "0", "--master", master};
  const Outcome alone = run("alone.trace", joined(words, {"--meeting-timeout", "1"}));
  EXPECT_EQ(alone.code, 2);
  // LibTorch may have its own remarks on the network in between
  EXPECT_THAT(alone.err, HasSubstr("waiting for 2 others at " + master + "\n"));
  EXPECT_THAT(alone.err, testing::EndsWith("--master: error: process 0 of 3 did not meet the others at " + master +
                                           ": 2 of 3 are missing; start all ranks within 1 seconds "
                                           "(--meeting-timeout), with the same --master\n"));
  EXPECT_FALSE(fs::exists(path("alone.trace")));

  RunningProgram waiting(arguments("alone.trace", joined(words, {"--quiet"})));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  waiting.signal(SIGTERM);
  const Outcome ended = waiting.wait();
  EXPECT_EQ(ended.code, -SIGTERM);
  EXPECT_THAT(ended.err, testing::Not(HasSubstr("waiting")));
}

TEST_F(TrainerRun, SaysWhatIsWrongWithProcesses) {
  EXPECT_THAT(run("e.trace", {"--world-size", "2", "--rank", "2"}).err,
              HasSubstr("--rank: error: 2 is out of range; allowed: 0 to 1"));
  EXPECT_THAT(run("e.trace", {"--world-size", "2", "--master", "here"}).err,
              HasSubstr("--master: error: 'here' is no HOST:PORT; for example 127.0.0.1:29500"));
}

}  // namespace
}  // namespace ldpsim
