// SPDX-License-Identifier: Apache-2.0
// The passes of batch normalisation on one thread. `bytes_per_second` counts every tensor that a pass must read or
// write once; `of_limit` sets it beside what copying a tensor of that size reaches, measured at the start.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "frontend/norm/batch_norm_kernels.hpp"

namespace ldpsim::bench {
namespace {

struct Case {
  const char* name;
  norm::Rows rows;
};
constexpr std::array kCases = {Case{"resnet20.stage1", {128 * 32 * 32, 16}}, Case{"resnet20.stage3", {128 * 8 * 8, 64}},
                               Case{"resnet18.stage4", {64 * 7 * 7, 512}}};

struct Tensors {
  std::vector<float> x, y, gradient, to_x, channels;
  explicit Tensors(const norm::Rows& rows)
      : x(static_cast<std::size_t>(rows.count * rows.channels)),
        y(x.size()),
        gradient(x.size(), 0.5f),
        to_x(x.size()),
        channels(static_cast<std::size_t>(rows.channels), 0.25f) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 1009) / 1009 - 0.5f;
  }
};

double copied_bytes_per_second(const norm::Rows& rows) {
  Tensors tensors(rows);
  double best = 0;
  for (int i = 0; i < 20; ++i) {
    const auto start = std::chrono::steady_clock::now();
    std::memcpy(tensors.y.data(), tensors.x.data(), tensors.x.size() * sizeof(float));
    benchmark::ClobberMemory();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    best = std::max(best, 2 * static_cast<double>(tensors.x.size() * sizeof(float)) / seconds);
  }
  return best;
}

enum class Pass { kMoments, kNormalise, kNormaliseAdded, kGradientSums, kInputGradient };

double tensors_moved(Pass pass) {
  switch (pass) {
    case Pass::kMoments:
      return 1;
    case Pass::kNormalise:
      return 2;
    case Pass::kNormaliseAdded:
      return 3;
    case Pass::kGradientSums:
      return 2;
    case Pass::kInputGradient:
      return 3;
  }
  return 0;
}

void run(benchmark::State& state, const Case& c, Pass pass, double limit) {
  omp_set_num_threads(1);
  Tensors t(c.rows);
  const float *x = t.x.data(), *gradient = t.gradient.data(), *channels = t.channels.data();
  const norm::Line line{channels, channels};
  const norm::Gate gate{norm::Gate::Kind::kByInput, line, nullptr};
  for ([[maybe_unused]] const auto& repetition : state) {
    switch (pass) {
      case Pass::kMoments:
        benchmark::DoNotOptimize(norm::moments(c.rows, x).mean[0]);
        break;
      case Pass::kNormalise:
        norm::normalise(c.rows, x, line, nullptr, true, t.y.data());
        break;
      case Pass::kNormaliseAdded:
        norm::normalise(c.rows, x, line, gradient, true, t.y.data());
        break;
      case Pass::kGradientSums:
        benchmark::DoNotOptimize(norm::gradient_sums(c.rows, gradient, x, channels, gate, nullptr).plain[0]);
        break;
      case Pass::kInputGradient:
        norm::input_gradient(c.rows, gradient, x, {channels, channels, channels, channels}, gate, t.to_x.data());
        break;
    }
    benchmark::ClobberMemory();
  }
  const double bytes =
      static_cast<double>(state.iterations()) * tensors_moved(pass) * static_cast<double>(t.x.size() * sizeof(float));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.counters["of_limit"] = benchmark::Counter(bytes / limit, benchmark::Counter::kIsRate);
}

}  // namespace
}  // namespace ldpsim::bench

int main(int argc, char** argv) {
  using namespace ldpsim::bench;
  for (const Case& c : kCases) {
    const double limit = copied_bytes_per_second(c.rows);
    for (const auto& [name, pass] :
         {std::pair{"moments", Pass::kMoments}, std::pair{"normalise", Pass::kNormalise},
          std::pair{"normalise_added", Pass::kNormaliseAdded}, std::pair{"gradient_sums", Pass::kGradientSums},
          std::pair{"input_gradient", Pass::kInputGradient}}) {
      benchmark::RegisterBenchmark((std::string(c.name) + "/" + name).c_str(), [&c, pass = pass,
                                                                                limit](benchmark::State& state) {
        run(state, c, pass, limit);
      })->Unit(benchmark::kMicrosecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
