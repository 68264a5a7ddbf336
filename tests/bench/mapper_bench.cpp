// SPDX-License-Identifier: Apache-2.0
// Time to map one problem, averaged over the three passes of ResNet-20's layers at batch 128 and several precisions:
// what a sweep pays for each of its distinct problems.
#include <benchmark/benchmark.h>

#include "tests/support/loaded_machine.hpp"

namespace ldpsim {
namespace {

/// Stem, then three stages of 3x3 layers at 32, 16 and 8 rows, the classifier.
std::vector<Layer> resnet20_layers() {
  const auto conv = [](std::int64_t in, std::int64_t out, std::int64_t rows, std::int64_t stride) {
    return Layer{.name = "conv",
                 .in_channels = in,
                 .out_channels = out,
                 .in_height = rows,
                 .in_width = rows,
                 .kernel_height = 3,
                 .kernel_width = 3,
                 .stride = stride,
                 .padding = 1};
  };
  return {conv(3, 16, 32, 1),
          conv(16, 16, 32, 1),
          conv(16, 32, 32, 2),
          conv(32, 32, 16, 1),
          conv(32, 64, 16, 2),
          conv(64, 64, 8, 1),
          Layer{.name = "fc", .kind = LayerKind::kLinear, .in_channels = 64, .out_channels = 10}};
}

void map_resnet20(benchmark::State& state, const std::string& name) {
  const test::LoadedMachine machine(name);
  std::vector<std::pair<Problem, PassBits>> work;
  for (const Layer& layer : resnet20_layers()) {
    for (const Pass pass : kAllPasses) {
      for (const Problem& problem : lower(layer, pass, 128, InsertedZeros::kSkip, true)) {
        for (int bits = 3; bits <= 8; ++bits)
          work.push_back({problem, pass_bits(pass, {.weight = bits, .activation = bits, .gradient = 8})});
      }
    }
  }
  for (auto _ : state) {
    for (const auto& [problem, bits] : work) benchmark::DoNotOptimize(machine.map(problem, bits));
  }
  state.counters["s_per_problem"] = benchmark::Counter(
      static_cast<double>(work.size()), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(map_resnet20, bitfusion, "bitfusion");
BENCHMARK_CAPTURE(map_resnet20, bitfusion_small, "bitfusion-small");
BENCHMARK_CAPTURE(map_resnet20, stripes, "stripes");

}  // namespace
}  // namespace ldpsim

BENCHMARK_MAIN();
