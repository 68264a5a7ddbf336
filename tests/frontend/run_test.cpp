// SPDX-License-Identifier: Apache-2.0
// ldptrain from outside: records, captures, errors.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/trace/schedule.hpp"
#include "tests/support/trainer_run.hpp"

namespace ldpsim {
namespace {

using namespace testing_support;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

TEST_F(TrainerRun, RecordsWhatItDid) {
  const Outcome ending = run("c.trace", kLdp);
  ASSERT_EQ(ending.code, 0) << ending.err;
  const TraceReader trace(path("c.trace"));
  EXPECT_EQ(trace.meta("method"), "ldp");
  EXPECT_EQ(trace.meta("weight_bits_min"), "3");
  EXPECT_EQ(trace.meta("train_images"), "20");
  EXPECT_EQ(trace.network().layers.size(), 10u);
  EXPECT_THAT(trace.captured_iterations(), ElementsAre(9, 19));
  EXPECT_FALSE(trace.operand(9, 0, "backward_data").has_value()) << "the first layer has none";
  EXPECT_EQ(trace.operand(9, 5, "backward_data")->shape, (std::vector<std::int64_t>{2, 16, 32, 32}));
  std::vector<std::int64_t> evaluated;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    if (evaluation.metric == "accuracy") evaluated.push_back(evaluation.iteration);
  }
  EXPECT_THAT(evaluated, ElementsAre(6, 13, 20, 23));
  std::vector<double> rates;
  bool moved = false;
  trace.for_each_iteration(0, 24, [&](const TraceIteration& row) {
    rates.push_back(row.learning_rate);
    EXPECT_EQ(row.epoch, row.iteration / 3);
    EXPECT_EQ(row.weight_bits.back(), 0) << "the classifier is float";
    EXPECT_EQ(row.gradient_bits[0], 8);
    moved = moved || row.weight_bits[0] != 3;
  });
  EXPECT_TRUE(moved) << "precision never changed";
  EXPECT_DOUBLE_EQ(rates[11], 0.1);
  EXPECT_DOUBLE_EQ(rates[12], 0.01);
  EXPECT_DOUBLE_EQ(rates[18], 0.001);
}

TEST_F(TrainerRun, TestsWhatItTrainedAgain) {
  ASSERT_EQ(run("tested.trace", kLdp).code, 0);
  const TraceReader trace(path("tested.trace"));
  double accuracy = -1;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    if (evaluation.metric == "accuracy") accuracy = evaluation.value;
  }
  const std::string before = read_file(path("tested.trace"));
  const Words words = joined(kLdp, {"--test-only"});
  const Outcome again = run("tested.trace", words);
  ASSERT_EQ(again.code, 0) << again.err;
  std::ostringstream line;
  line.precision(2);
  line << "test accuracy             " << std::fixed << 100 * accuracy << " %\n";
  EXPECT_THAT(again.out, HasSubstr(line.str()));
  EXPECT_THAT(again.out, HasSubstr("tested on                 fashion-mnist, 4 images\n"));
  EXPECT_EQ(read_file(path("tested.trace")), before);
  EXPECT_THAT(run("tested.trace", joined(words, {"--evaluate-images", "3"})).out,
              HasSubstr("tested on                 fashion-mnist, 3 of 4 images\n"));

  EXPECT_THAT(run("tested.trace", joined(words, {"--lr", "0.2"})).err, HasSubstr("learning_rate = '0.1', not '0.2'"));
  const Outcome none = run("untrained.trace", {"--test-only"});
  EXPECT_EQ(none.code, 3);
  EXPECT_EQ(none.err, path("untrained.trace") +
                          ".ckpt: error: no such file, so there is nothing to test; train first, with the same "
                          "arguments but --test-only\n");
}

TEST_F(TrainerRun, ARecordedScheduleDrivesTheTrainingAgain) {
  ASSERT_EQ(run("learned.trace", kLdp).code, 0);
  const Outcome again = run("again.trace", {"--method", "replayed", "--schedule", path("learned.trace"), "--bits",
                                            "3:8", "--iterations", "24", "--evaluate-every", "8"});
  ASSERT_EQ(again.code, 0) << again.err;
  const Schedule learned(TraceReader(path("learned.trace"))), replayed(TraceReader(path("again.trace")));
  EXPECT_EQ(learned.histogram(), replayed.histogram());
  for (std::int64_t i = 0; i < 24; ++i) EXPECT_EQ(learned.bits(i, 3), replayed.bits(i, 3)) << i;
  const Outcome longer =
      run("longer.trace", {"--method", "replayed", "--schedule", path("learned.trace"), "--iterations", "25"});
  EXPECT_EQ(longer.code, 2);
  EXPECT_THAT(longer.err, HasSubstr("has 24 iterations, the run 25; --iterations 24"));
}

/// A convolution in plain loops over dequantised codes.
TEST_F(TrainerRun, CapturedForwardResultIsTheSumOverItsOperands) {
  const Outcome ending =
      run("d.trace", {"--method", "static", "--bits", "4", "--weight-range", "tensor", "--iterations", "2", "--capture",
                      "every=2,images=1,layers=stage2.block1.conv1"});
  ASSERT_EQ(ending.code, 0) << ending.err;
  const TraceReader trace(path("d.trace"));
  const Layer layer = trace.network().layers[3];
  ASSERT_EQ(layer.name, "stage2.block1.conv1");
  const TraceOperand x = *trace.operand(1, 3, "activation"), w = *trace.operand(1, 3, "weight"),
                     y = *trace.operand(1, 3, "forward");
  ASSERT_EQ(w.scale.size(), 1u);
  for (const std::int64_t k : {0, 17, 31}) {
    for (const std::int64_t p : {0, 7, 15}) {
      double sum = 0;
      for (std::int64_t c = 0; c < 16; ++c) {
        for (std::int64_t r = 0; r < 3; ++r) {
          for (std::int64_t s = 0; s < 3; ++s) {
            const std::int64_t iy = 2 * p + r - 1, ix = 2 * 3 + s - 1;
            if (iy < 0 || iy >= 32) continue;
            sum += (x.codes[static_cast<std::size_t>((c * 32 + iy) * 32 + ix)] * x.scale[0] + x.offset[0]) *
                   (w.codes[static_cast<std::size_t>(((k * 16 + c) * 3 + r) * 3 + s)] * w.scale[0] + w.offset[0]);
          }
        }
      }
      EXPECT_NEAR(y.values[static_cast<std::size_t>((k * 16 + p) * 16 + 3)], sum, 1e-9) << k << ' ' << p;
    }
  }
}

TEST_F(TrainerRun, RefusesToOverwrite) {
  std::ofstream(path("there.trace")) << "precious";
  const Outcome ending = run("there.trace", {"--iterations", "1"});
  EXPECT_EQ(ending.code, 2);
  EXPECT_EQ(ending.err, path("there.trace") +
                            ": error: the file exists already; --resume continues that run, --force overwrites it\n");
  EXPECT_EQ(read_file(path("there.trace")), "precious");
  fs::create_directory(path("folder.trace"));
  const Outcome folder = run("folder.trace", {"--iterations", "1", "--force"});
  EXPECT_EQ(folder.code, 2);
  EXPECT_EQ(folder.err, path("folder.trace") + ": error: is not a regular file; choose another name\n");
  EXPECT_TRUE(fs::is_directory(path("folder.trace")));
}

TEST_F(TrainerRun, ForceRemovesNeitherPipesNorLinksNorItsSchedule) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  const Outcome pipe = run("pipe", {"--iterations", "1", "--force"});
  EXPECT_EQ(pipe.code, 2);
  EXPECT_EQ(pipe.err, path("pipe") + ": error: is not a regular file; choose another name\n");
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  fs::create_symlink("linked.trace", path("link.trace"));
  for (int times = 0; times < 2; ++times) EXPECT_EQ(run("link.trace", {"--iterations", "1", "--force"}).code, 0);
  EXPECT_TRUE(fs::is_symlink(path("link.trace")));
  const std::string before = read_file(path("linked.trace"));
  const Outcome schedule =
      run("linked.trace", {"--iterations", "1", "--force", "--method", "replayed", "--schedule", path("linked.trace")});
  EXPECT_EQ(schedule.code, 2);
  EXPECT_EQ(schedule.err, path("linked.trace") +
                              ": error: is an input of this command, writing it would destroy it; choose another "
                              "name\n");
  EXPECT_EQ(read_file(path("linked.trace")), before);
}

TEST_F(TrainerRun, SaysInOneLineThatTrainingDiverged) {
  const Outcome ending =
      run("diverged.trace", {"--lr", "1e5", "--iterations", "50", "--method", "static", "--bits", "8"});
  EXPECT_EQ(ending.code, 2) << ending.err;
  EXPECT_THAT(ending.err, HasSubstr("iteration "));
  EXPECT_THAT(ending.err, HasSubstr("training diverged; try a smaller --lr\n"));
  EXPECT_EQ(std::count(ending.err.begin(), ending.err.end(), '\n'), 1);
}

struct Refusal {
  Words words;
  int code;
  std::string message;
};

TEST_F(TrainerRun, RefusesBadArgumentsInOneLine) {
  const Refusal refusals[] = {
      {{"--network", "resnet21"},
       2,
       "--network: error: unknown network 'resnet21'; did you mean 'resnet20'? allowed: resnet8, resnet20, resnet38, "
       "resnet74"},
      {{"--method", "lpd"},
       2,
       "--method: error: unknown method 'lpd'; did you mean 'ldp'? allowed: static, ldp, cpt, range-test, pfq, staged, "
       "random, half, replayed, sbm-original, fp32"},
      {{"--dataset", "cifar"},
       2,
       "--dataset: error: unknown dataset 'cifar'; did you mean 'cifar10'? allowed: fashion-mnist, cifar10, cifar100, "
       "photo-patches"},
      {{"--bits", "8:3"}, 2, "--bits: error: lower bound 8 is above upper bound 3; write LOW:HIGH"},
      {{"--bits", "1:8"}, 2, "--bits: error: 1 is out of range; allowed: 2 to 16"},
      {{"--bits", "x"}, 2, "--bits: error: 'x' is not a whole number; allowed: 2 to 16"},
      {{"--iteration", "5"}, 2, "ldptrain: error: unknown option '--iteration'; did you mean '--iterations'?"},
      {{"--method", "static", "--budget", "0.5"},
       2,
       "--budget: error: does not apply to method 'static'; it belongs to --method ldp"},
      {{"--method", "sbm-original", "--capture", "every=10"},
       2,
       "--capture: error: method 'sbm-original' makes the gradients of weights from gradients that are not quantised, "
       "which have no codes to record; leave it out; the trace still has the bits of every layer"},
      {{"--network", "transformer-lm", "--method", "sbm-original"},
       2,
       "--method: error: 'sbm-original' puts Range BN in the place of batch normalisation, which network "
       "'transformer-lm' does not have; networks that have: resnet8, resnet20, resnet38, resnet74, resnet18"},
      {{"--capture", "every=10,layers=conv9"},
       2,
       "--capture: error: resnet8 has no quantised layer 'conv9'; did you mean 'conv1'?"},
      {{"--capture", "images=1"}, 2, "--capture: error: lacks every=N; for example every=1000,images=1"},
      {{"--data", "/nowhere"}, 2, "/nowhere/train-images-idx3-ubyte: error: no such file, plain or .gz; "},
      {{"--bits", "--lr", "1"}, 2, "--bits: error: needs a value; B|LOW:HIGH"},
      {{"--capture", "every=1,layers="}, 2, "--capture: error: layers= names no layer; for example layers=conv1+"},
      {{"--test-data", "."},
       2,
       "--test-data: error: does not apply to dataset 'fashion-mnist'; it is tested on its own test part; leave it "
       "out"},
      {{"--image-size", "16"},
       2,
       "--image-size: error: does not apply to dataset 'fashion-mnist'; its images are always 32 x 32; leave it out"},
      {{"--tokens", "16"}, 2, "--tokens: error: does not apply to dataset 'fashion-mnist'; samples of text alone"},
      {{"--network", "transformer-lm", "--image-size", "16"},
       2,
       "--image-size: error: does not apply to dataset 'anarchism'; it has no images"},
      {{"--network", "pan-x4", "--test-data", "."},
       2,
       "--test-data: error: does not apply to dataset 'photos'; it needs the name of that set; give --test-dataset"},
      {{"--method", "half", "--bits", "3:8"},
       2,
       "--bits: error: 3:8 does not apply to method 'half'; it always has 16; --method static takes others"},
      {{"--method", "fp32", "--bits", "4"},
       2,
       "--bits: error: does not apply to method 'fp32', which quantises nothing; leave it out; --static-bits says"},
      {{"--method", "fp32", "--capture", "every=1"},
       2,
       "--capture: error: does not apply to method 'fp32', which has no codes to record"},
      {{"--method", "cpt", "--cycles", "33", "--iterations", "192"},
       2,
       "--cycles: error: 33 in 192 iterations leave no cycle room for the 6 precisions of --bits; allowed: 1 to 32"},
      {{"--method", "pfq", "--stages", "8,3"}, 2, "--stages: error: 8,3 falls; pfq goes up, e.g. 3,4,6,8"},
      {{"--method", "staged", "--stage-bits", "4,4"},
       2,
       "--stage-bits: error: a span has the bits of 2 stages, resnet8 has 3; give 3 in each span"},
      {{"stray"}, 2, "ldptrain: error: unexpected word 'stray'; options begin with --; see --help"},
  };
  for (const Refusal& refusal : refusals) {
    const Outcome ending = run("never.trace", refusal.words);
    EXPECT_EQ(ending.code, refusal.code) << ending.err;
    EXPECT_THAT(ending.err, testing::StartsWith(refusal.message));
    EXPECT_EQ(std::count(ending.err.begin(), ending.err.end(), '\n'), 1) << ending.err;
    EXPECT_FALSE(fs::exists(path("never.trace")));
  }
}

TEST_F(TrainerRun, SaysThatTheTraceCannotBeWritten) {
  const Outcome ending = run("no-such-folder/x.trace", {"--iterations", "1"});
  EXPECT_EQ(ending.code, 3) << ending.err;
  EXPECT_THAT(ending.err, HasSubstr("error: cannot be opened: No such file or directory; check the folder"));

  fs::create_symlink("circle", path("circle"));
  const Outcome circle = run("circle", {"--iterations", "1"});
  EXPECT_EQ(circle.code, 2);
  EXPECT_EQ(circle.err, path("circle") + ": error: Too many levels of symbolic links\n");
}

}  // namespace
}  // namespace ldpsim
