// SPDX-License-Identifier: Apache-2.0
// ldptrain from outside, on a set of 24 images that the test makes: determinism, kill -9 and resume, captures, errors.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "sim/core/random.hpp"
#include "sim/trace/schedule.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

using Words = std::vector<std::string>;

struct Ending {
  int code = 0;
  std::string errors, output;
};

std::string contents_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

class TrainerRun : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::path(testing::TempDir()) / ("ldpsim-run-test-" + std::to_string(getpid()));
    fs::create_directories(folder_);
    write_set("train", 20, 1);
    write_set("t10k", 4, 2);
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static void write_set(const std::string& part, std::uint32_t count, std::uint64_t seed) {
    const auto number = [](std::uint32_t value) {
      return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16 & 0xFF),
                         static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
    };
    Random random(seed);
    std::string images = number(0x803) + number(count) + number(8) + number(8), labels = number(0x801) + number(count);
    for (std::uint32_t i = 0; i < 64 * count; ++i) images += static_cast<char>(random.between(0, 255));
    for (std::uint32_t i = 0; i < count; ++i) labels += static_cast<char>(random.between(0, 9));
    std::ofstream(folder_ / (part + "-images-idx3-ubyte"), std::ios::binary) << images;
    std::ofstream(folder_ / (part + "-labels-idx1-ubyte"), std::ios::binary) << labels;
  }

  static Words arguments(const std::string& trace, const Words& more) {
    Words words = {"--network", "resnet8", "--data", folder_.string(), "--batch", "8",
                   "--threads", "1",       "-o",     path(trace)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static std::string path(const std::string& name) { return (folder_ / name).string(); }

  static pid_t start(const Words& words) {
    const pid_t child = fork();
    if (child != 0) return child;
    const auto redirect = [](int to, const std::string& file) {
      dup2(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), to);
    };
    redirect(STDOUT_FILENO, path("stdout"));
    redirect(STDERR_FILENO, path("stderr"));
    const std::string program = std::string(LDPSIM_BINARY_DIR) + "/bin/ldptrain";
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execv(program.c_str(), argv.data());
    _exit(127);
  }

  static Ending wait_for(pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), contents_of(path("stderr")),
            contents_of(path("stdout"))};
  }
  static Ending run(const Words& words) { return wait_for(start(words)); }

  /// Killed as soon as there is a checkpoint, in the middle of the iterations that follow it.
  static void run_until_killed(const std::string& trace, const Words& words) {
    const pid_t child = start(arguments(trace, words));
    while (!fs::exists(path(trace + ".ckpt")) && waitpid(child, nullptr, WNOHANG) == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    kill(child, SIGKILL);
    wait_for(child);
  }

  /// Two processes that train together, to their ends. The endings, of rank 0 first.
  static std::pair<Ending, Ending> run_two(const Words& words) {
    const std::string master = "127.0.0.1:" + std::to_string(free_port());
    const auto rank = [&](const char* number) {
      Words all = words;
      all.insert(all.end(), {"--world-size", "2", "--rank", number, "--master", master});
      return start(all);
    };
    const pid_t first = rank("0"), second = rank("1");
    Ending one = wait_for(first), two = wait_for(second);
    return {one, two};
  }

  static int free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
    close(listener);
    return ntohs(address.sin_port);
  }

  static std::vector<double> losses(const std::string& trace) {
    std::vector<double> all;
    const TraceReader reader(path(trace));
    reader.for_each_iteration(0, reader.iteration_count(), [&](const TraceIteration& row) { all.push_back(row.loss); });
    return all;
  }

  static fs::path folder_;
};

fs::path TrainerRun::folder_;

/// All that a trace holds, as text.
std::string dump(const std::string& file) {
  const TraceReader trace(file);
  std::ostringstream text;
  text.precision(17);
  for (const auto& [key, value] : trace.meta()) text << key << '=' << value << '\n';
  trace.for_each_iteration(0, trace.iteration_count(), [&](const TraceIteration& row) {
    text << row.iteration << ' ' << row.epoch << ' ' << row.loss << ' ' << row.learning_rate;
    for (const auto bits : row.weight_bits) text << ' ' << int{bits};
    for (const auto bits : row.gradient_bits) text << ' ' << int{bits};
    text << '\n';
  });
  for (const TraceEvaluation& e : trace.evaluations())
    text << e.iteration << ' ' << e.split << ' ' << e.metric << ' ' << e.value << '\n';
  for (const std::int64_t iteration : trace.captured_iterations()) {
    for (const auto& [layer, tensor] : trace.captured_operands(iteration)) {
      const TraceOperand operand = *trace.operand(iteration, layer, tensor);
      text << iteration << ' ' << layer << ' ' << tensor << ' ' << operand.bits;
      for (const auto code : operand.codes) text << ' ' << code;
      for (const double value : operand.values) text << ' ' << value;
      for (const double value : operand.scale) text << ' ' << value;
      text << '\n';
    }
  }
  return text.str();
}

const Words kLdp = {
    "--method",           "ldp",  "--bits",           "3:8",
    "--budget",           "0.35", "--precision-lr",   "20",
    "--iterations",       "24",   "--evaluate-every", "7",
    "--checkpoint-every", "5",    "--capture",        "every=10,images=2,layers=conv1+stage2.block1.shortcut"};

TEST_F(TrainerRun, RepeatsAndSurvivesBeingKilled) {
  const Ending first = run(arguments("a.trace", kLdp));
  ASSERT_EQ(first.code, 0) << first.errors;
  EXPECT_THAT(first.output, HasSubstr("iterations                24"));
  const std::string expected = dump(path("a.trace"));

  Words other = kLdp;
  other.insert(other.end(), {"--seed", "2"});
  ASSERT_EQ(run(arguments("other.trace", other)).code, 0);
  EXPECT_NE(dump(path("other.trace")), expected);

  run_until_killed("b.trace", kLdp);
  EXPECT_LT(TraceReader(path("b.trace")).iteration_count(), 24);
  Words resumed = kLdp;
  resumed.push_back("--resume");
  const Ending ending = run(arguments("b.trace", resumed));
  ASSERT_EQ(ending.code, 0) << ending.errors;
  EXPECT_EQ(dump(path("b.trace")), expected);

  // Nothing is left to do the third time, and that is not an error.
  ASSERT_EQ(run(arguments("b.trace", resumed)).code, 0);
  EXPECT_EQ(dump(path("b.trace")), expected);

  Words changed = resumed;
  changed.insert(changed.end(), {"--lr", "0.2"});
  const Ending refused = run(arguments("b.trace", changed));
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.errors, HasSubstr("belongs to a run with learning_rate = '0.1', not '0.2'"));

  fs::resize_file(path("b.trace.ckpt"), fs::file_size(path("b.trace.ckpt")) / 2);
  const Ending damaged = run(arguments("b.trace", resumed));
  EXPECT_EQ(damaged.code, 3);
  EXPECT_EQ(damaged.errors,
            path("b.trace.ckpt") + ": error: is not a checkpoint that this program can read; --force starts anew\n");
}

TEST_F(TrainerRun, KilledItLosesTheStepUnderWayOnly) {
  Words words = {"--method",     "ldp", "--bits",           "3:8", "--budget",           "0.35", "--precision-lr", "20",
                 "--iterations", "80",  "--evaluate-every", "13",  "--checkpoint-every", "1000"};
  ASSERT_EQ(run(arguments("undisturbed.trace", words)).code, 0);

  // Every step replaces the file: as many as were seen, so many steps must be done.
  const pid_t child = start(arguments("killed.trace", words));
  std::set<std::pair<time_t, long>> seen;
  while (seen.size() < 20 && waitpid(child, nullptr, WNOHANG) == 0) {
    struct stat found {};
    if (stat(path("killed.trace.ckpt.step").c_str(), &found) == 0)
      seen.emplace(found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  kill(child, SIGKILL);
  wait_for(child);
  EXPECT_FALSE(fs::exists(path("killed.trace.ckpt")));
  words.push_back("--resume");
  const Ending ending = run(arguments("killed.trace", words));
  ASSERT_EQ(ending.code, 0) << ending.errors;
  int next = 0;
  ASSERT_EQ(std::sscanf(ending.errors.c_str(), "goes on at iteration %d of 80", &next), 1) << ending.errors;
  EXPECT_GE(next, static_cast<int>(seen.size()));
  EXPECT_LT(next, 80);
  EXPECT_EQ(dump(path("killed.trace")), dump(path("undisturbed.trace")));
  EXPECT_FALSE(fs::exists(path("killed.trace.ckpt.step"))) << "of no use any more";
}

TEST_F(TrainerRun, SbmOriginalLearnsKilledOrNot) {
  Words words = {"--method",         "sbm-original", "--iterations",       "60", "--lr",      "0.5",
                 "--evaluate-every", "30",           "--checkpoint-every", "7",  "--augment", "off"};
  const Ending whole = run(arguments("sbm.trace", words));
  ASSERT_EQ(whole.code, 0) << whole.errors;
  const std::vector<double> loss = losses("sbm.trace");
  const auto mean_of_epoch = [&](std::size_t first) { return (loss[first] + loss[first + 1] + loss[first + 2]) / 3; };
  EXPECT_LT(mean_of_epoch(57), 0.8 * mean_of_epoch(0));
  const TraceReader trace(path("sbm.trace"));
  EXPECT_EQ(trace.meta("weight_range"), "tensor");
  EXPECT_EQ(trace.meta("activation_rounding"), "stochastic");
  EXPECT_EQ(trace.meta("regime"), "published");
  EXPECT_EQ(trace.meta("blocks"), "closed");
  trace.for_each_iteration(0, 1, [](const TraceIteration& row) {
    EXPECT_THAT(row.weight_bits, testing::Each(8)) << "stem, shortcuts and classifier, too";
    EXPECT_THAT(row.gradient_bits, testing::Each(8));
  });
  run_until_killed("sbm2.trace", words);
  words.push_back("--resume");
  ASSERT_EQ(run(arguments("sbm2.trace", words)).code, 0);
  EXPECT_EQ(dump(path("sbm2.trace")), dump(path("sbm.trace")));
}

TEST_F(TrainerRun, RangeTestReportsTheSameBoundKilledOrNot) {
  Words words = {"--method",
                 "range-test",
                 "--bits",
                 "3:6",
                 "--range-steps",
                 "5",
                 "--range-window",
                 "3",
                 "--iterations",
                 "20",
                 "--range-threshold",
                 "0.001",
                 "--evaluate-every",
                 "0",
                 "--checkpoint-every",
                 "7"};
  const Ending whole = run(arguments("range.trace", words));
  ASSERT_EQ(whole.code, 0) << whole.errors;
  EXPECT_THAT(whole.output, HasSubstr("range_test_lower_bound    "));
  EXPECT_THAT(TraceReader(path("range.trace")).meta("range_test_means"), testing::StartsWith("3 bits 0."));
  run_until_killed("range2.trace", words);
  words.push_back("--resume");
  ASSERT_EQ(run(arguments("range2.trace", words)).code, 0);
  EXPECT_EQ(dump(path("range2.trace")), dump(path("range.trace")));
}

TEST_F(TrainerRun, RecordsWhatItDid) {
  const Ending ending = run(arguments("c.trace", kLdp));
  ASSERT_EQ(ending.code, 0) << ending.errors;
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
  ASSERT_EQ(run(arguments("tested.trace", kLdp)).code, 0);
  const TraceReader trace(path("tested.trace"));
  double accuracy = -1;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    if (evaluation.metric == "accuracy") accuracy = evaluation.value;
  }
  const std::string before = contents_of(path("tested.trace"));
  Words words = kLdp;
  words.push_back("--test-only");
  const Ending again = run(arguments("tested.trace", words));
  ASSERT_EQ(again.code, 0) << again.errors;
  std::ostringstream line;
  line.precision(2);
  line << "test accuracy             " << std::fixed << 100 * accuracy << " %\n";
  EXPECT_THAT(again.output, HasSubstr(line.str()));
  EXPECT_THAT(again.output, HasSubstr("tested on                 fashion-mnist, 4 images\n"));
  EXPECT_EQ(contents_of(path("tested.trace")), before);

  words.insert(words.end(), {"--lr", "0.2"});
  EXPECT_THAT(run(arguments("tested.trace", words)).errors, HasSubstr("learning_rate = '0.1', not '0.2'"));
  const Ending none = run(arguments("untrained.trace", {"--test-only"}));
  EXPECT_EQ(none.code, 3);
  EXPECT_EQ(none.errors, path("untrained.trace") +
                             ".ckpt: error: no such file, so there is nothing to test; train first, with the same "
                             "arguments but --test-only\n");
}

TEST_F(TrainerRun, ARecordedScheduleDrivesTheTrainingAgain) {
  ASSERT_EQ(run(arguments("learned.trace", kLdp)).code, 0);
  const Ending again = run(arguments("again.trace", {"--method", "replayed", "--schedule", path("learned.trace"),
                                                     "--bits", "3:8", "--iterations", "24", "--evaluate-every", "8"}));
  ASSERT_EQ(again.code, 0) << again.errors;
  const Schedule learned(TraceReader(path("learned.trace"))), replayed(TraceReader(path("again.trace")));
  EXPECT_EQ(learned.histogram(), replayed.histogram());
  for (std::int64_t i = 0; i < 24; ++i) EXPECT_EQ(learned.bits(i, 3), replayed.bits(i, 3)) << i;
  const Ending longer = run(
      arguments("longer.trace", {"--method", "replayed", "--schedule", path("learned.trace"), "--iterations", "25"}));
  EXPECT_EQ(longer.code, 2);
  EXPECT_THAT(longer.errors, HasSubstr("has 24 iterations, the run 25; --iterations 24"));
}

/// A convolution in plain loops over dequantised codes.
TEST_F(TrainerRun, CapturedForwardResultIsTheSumOverItsOperands) {
  const Ending ending =
      run(arguments("d.trace", {"--method", "static", "--bits", "4", "--weight-range", "tensor", "--iterations", "2",
                                "--capture", "every=2,images=1,layers=stage2.block1.conv1"}));
  ASSERT_EQ(ending.code, 0) << ending.errors;
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
  const Ending ending = run(arguments("there.trace", {"--iterations", "1"}));
  EXPECT_EQ(ending.code, 2);
  EXPECT_EQ(
      ending.errors,
      path("there.trace") + ": error: the file exists already; --resume continues that run, --force overwrites it\n");
  EXPECT_EQ(contents_of(path("there.trace")), "precious");
}

TEST_F(TrainerRun, SaysInOneLineThatTrainingDiverged) {
  const Ending ending =
      run(arguments("diverged.trace", {"--lr", "1e5", "--iterations", "50", "--method", "static", "--bits", "8"}));
  EXPECT_EQ(ending.code, 2) << ending.errors;
  EXPECT_THAT(ending.errors, HasSubstr("iteration "));
  EXPECT_THAT(ending.errors, HasSubstr("training diverged; try a smaller --lr\n"));
  EXPECT_EQ(std::count(ending.errors.begin(), ending.errors.end(), '\n'), 1);
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
      {{"stray"}, 2, "ldptrain: error: unexpected word 'stray'; options begin with --; see --help"},
  };
  for (const Refusal& refusal : refusals) {
    const Ending ending = run(arguments("never.trace", refusal.words));
    EXPECT_EQ(ending.code, refusal.code) << ending.errors;
    EXPECT_THAT(ending.errors, testing::StartsWith(refusal.message));
    EXPECT_EQ(std::count(ending.errors.begin(), ending.errors.end(), '\n'), 1) << ending.errors;
    EXPECT_FALSE(fs::exists(path("never.trace")));
  }
}

TEST_F(TrainerRun, SaysThatTheTraceCannotBeWritten) {
  Words words = arguments("unused", {"--iterations", "1"});
  words.insert(words.end(), {"-o", path("no-such-folder/x.trace")});
  const Ending ending = run(words);
  EXPECT_EQ(ending.code, 3) << ending.errors;
  EXPECT_THAT(ending.errors, HasSubstr("error: cannot be opened: No such file or directory; check the folder"));
}

/// Ranges, normalisation, gradients and precisions are those of the whole batch; only the order of sums differs.
/// Batches of 8, 8 and 4 samples, 4 + 4 and 2 + 2 of them in each process.
TEST_F(TrainerRun, TwoProcessesTrainAsOne) {
  struct Case {
    const char *method, *bits;
    double tolerance;
  };
  // A sum that rounds otherwise may move a value over the edge between two codes.
  for (const Case& c : {Case{"fp32", "8", 2e-4}, Case{"ldp", "8:12", 2e-3}, Case{"sbm-original", "12", 5e-3}}) {
    const Words words = {"--method",     c.method, "--bits", c.bits, "--gradient-bits",  "12",
                         "--iterations", "6",      "--lr",   "0.01", "--evaluate-every", "0"};
    EXPECT_EQ(run(arguments("alone.trace", words)).code, 0);
    const auto [first, second] = run_two(arguments("together.trace", words));
    ASSERT_EQ(first.code, 0) << first.errors;
    ASSERT_EQ(second.code, 0);
    const std::vector<double> alone = losses("alone.trace"), together = losses("together.trace");
    ASSERT_EQ(alone.size(), 6u);
    ASSERT_EQ(together.size(), 6u);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(together[i], alone[i], c.tolerance) << c.method << " " << i;
    for (const char* trace : {"alone.trace", "together.trace"}) fs::remove(path(trace));
  }
}

TEST_F(TrainerRun, TwoProcessesGoOnAsIfTheyHadNotStopped) {
  const Words words = {"--iterations", "6", "--evaluate-every", "0", "--checkpoint-every", "2"};
  const Ending whole = run_two(arguments("whole.trace", words)).first;
  ASSERT_EQ(whole.code, 0) << whole.errors;
  const std::string master = "127.0.0.1:" + std::to_string(free_port());
  const auto rank = [&](const char* number) {
    Words all = arguments("halves.trace", words);
    all.insert(all.end(), {"--world-size", "2", "--rank", number, "--master", master});
    return start(all);
  };
  const pid_t first = rank("0"), second = rank("1");
  while (!fs::exists(path("halves.trace.ckpt")) && waitpid(first, nullptr, WNOHANG) == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  kill(second, SIGKILL);
  wait_for(second);
  const Ending lost = wait_for(first);
  EXPECT_TRUE(lost.code == 2 || lost.code == 0) << lost.code;  // 0: it was done already
  if (lost.code == 2) {
    EXPECT_THAT(lost.errors, HasSubstr("lost another one"));
  }
  Words again = arguments("halves.trace", words);
  again.push_back("--resume");
  const Ending halves = run_two(again).first;
  ASSERT_EQ(halves.code, 0) << halves.errors;
  EXPECT_EQ(dump(path("halves.trace")), dump(path("whole.trace")));
}

TEST_F(TrainerRun, SaysWhatIsWrongWithProcesses) {
  EXPECT_THAT(run(arguments("e.trace", {"--world-size", "2", "--rank", "2"})).errors,
              HasSubstr("--rank: error: 2 is out of range; allowed: 0 to 1"));
  EXPECT_THAT(run(arguments("e.trace", {"--world-size", "2", "--master", "here"})).errors,
              HasSubstr("--master: error: 'here' is no HOST:PORT; for example 127.0.0.1:29500"));
}

}  // namespace
}  // namespace ldpsim
