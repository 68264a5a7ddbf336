// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <memory>
#include <sstream>

#include "sim/core/random.hpp"
#include "sim/trace/trace.hpp"
#include "tests/support/program.hpp"

namespace ldpsim::testing_support {

using Words = std::vector<std::string>;

inline Words joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// A short run whose precisions move.
inline const Words kLdp = {
    "--method",           "ldp",  "--bits",           "3:8",
    "--budget",           "0.35", "--precision-lr",   "20",
    "--iterations",       "24",   "--evaluate-every", "7",
    "--checkpoint-every", "5",    "--capture",        "every=10,images=2,layers=conv1+stage2.block1.shortcut"};

/// ldptrain from outside, on a set of 24 images that the fixture makes. All tests share a folder: each names its
/// traces.
class TrainerRun : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<ScratchFolder>();
    write_set("train", 20, 1);
    write_set("t10k", 4, 2);
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static std::string path(const std::string& name) { return folder_->path(name); }
  static Words arguments(const std::string& trace, const Words& more) {
    return joined({built("ldptrain"), "--network", "resnet8", "--data", path(""), "--batch", "8", "--threads", "1",
                   "-o", path(trace)},
                  more);
  }
  static Outcome run(const std::string& trace, const Words& words) { return run_program(arguments(trace, words)); }

  /// Killed as soon as there is a checkpoint, in the middle of the iterations that follow it.
  static void run_until_killed(const std::string& trace, const Words& words) {
    RunningProgram program(arguments(trace, words));
    program.runs_until([&] { return std::filesystem::exists(path(trace + ".ckpt")); });
  }

  /// Two processes that train together.
  struct Pair {
    Pair(const Words& words, const std::string& master, const Words& more_of_second)
        : first(joined(words, {"--world-size", "2", "--rank", "0", "--master", master})),
          second(joined(joined(words, {"--world-size", "2", "--rank", "1", "--master", master}), more_of_second)) {}
    RunningProgram first, second;
  };
  static Pair start_two(const std::string& trace, const Words& words, const Words& more_of_second = {}) {
    return {arguments(trace, words), "127.0.0.1:" + std::to_string(free_port()), more_of_second};
  }
  /// Of rank 0, at their ends.
  static Outcome run_two(const std::string& trace, const Words& words) {
    Pair pair = start_two(trace, words);
    Outcome first = pair.first.wait();
    EXPECT_EQ(pair.second.wait().code, first.code);
    return first;
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

 private:
  static void write_set(const std::string& part, std::uint32_t count, std::uint64_t seed) {
    const auto number = [](std::uint32_t value) {
      return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16 & 0xFF),
                         static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
    };
    Random random(seed);
    std::string images = number(0x803) + number(count) + number(8) + number(8), labels = number(0x801) + number(count);
    for (std::uint32_t i = 0; i < 64 * count; ++i) images += static_cast<char>(random.between(0, 255));
    for (std::uint32_t i = 0; i < count; ++i) labels += static_cast<char>(random.between(0, 9));
    folder_->write(part + "-images-idx3-ubyte", images);
    folder_->write(part + "-labels-idx1-ubyte", labels);
  }

  static inline std::unique_ptr<ScratchFolder> folder_;
};

/// All that a trace holds, as text.
inline std::string dump(const std::string& file) {
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

}  // namespace ldpsim::testing_support
