// SPDX-License-Identifier: Apache-2.0
// Winograd's convolutions on one thread. `sums` are the operations per second that a direct sum would need for the same
// result, `of_limit` the multiply-adds actually done beside what the core can do at most, measured at the start.
#include <benchmark/benchmark.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

// Only this program's measure of the limit needs the host's widest registers.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/bench/convolution_bench.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ldpsim::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Multiply-adds of `rounds` rounds over independent registers; the sum keeps them from being left out.
float MultiplyAdds(std::int64_t rounds, std::int64_t* done) {
  const hn::ScalableTag<float> d;
  const auto factor = hn::Set(d, 0.999f), step = hn::Set(d, 1e-3f);
  auto a = hn::Set(d, 1.0f), b = a, c = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a;
  for (std::int64_t round = 0; round < rounds; ++round) {
    a = hn::MulAdd(a, factor, step);
    b = hn::MulAdd(b, factor, step);
    c = hn::MulAdd(c, factor, step);
    e = hn::MulAdd(e, factor, step);
    f = hn::MulAdd(f, factor, step);
    g = hn::MulAdd(g, factor, step);
    h = hn::MulAdd(h, factor, step);
    i = hn::MulAdd(i, factor, step);
    j = hn::MulAdd(j, factor, step);
    k = hn::MulAdd(k, factor, step);
  }
  *done = 10 * rounds * static_cast<std::int64_t>(hn::Lanes(d));
  const auto sum =
      hn::Add(hn::Add(hn::Add(a, b), hn::Add(c, e)), hn::Add(hn::Add(f, g), hn::Add(hn::Add(h, i), hn::Add(j, k))));
  return hn::GetLane(sum);
}

}  // namespace ldpsim::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "frontend/conv/winograd.hpp"

namespace ldpsim::bench {

HWY_EXPORT(MultiplyAdds);

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double most_multiply_adds_per_second() {
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    std::int64_t done = 0;
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(HWY_DYNAMIC_DISPATCH(MultiplyAdds)(20'000'000, &done));
    best = std::max(best, static_cast<double>(done) / seconds_since(start));
  }
  return best;
}

enum class Direction { kForward, kToInput, kToWeight };

struct Case {
  const char* name;
  conv::Images images;
  conv::Channels channels;
};
constexpr std::array kCases = {
    Case{"resnet20.stage1", {128, 32, 32}, {16, 16}}, Case{"resnet20.stage2", {128, 16, 16}, {32, 32}},
    Case{"resnet20.stage3", {128, 8, 8}, {64, 64}},   Case{"resnet18.stage1", {8, 56, 56}, {64, 64}},
    Case{"resnet18.stage3", {8, 14, 14}, {256, 256}},
};

std::vector<float> values(std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1009) / 1009 - 0.5f;
  return values;
}

/// The whole batch in parts that stay in the cache, as the trainer runs it.
void run(benchmark::State& state, const Case& c, Direction direction, double limit) {
  omp_set_num_threads(1);
  const auto [count, height, width] = c.images;
  const std::int64_t pixels = height * width, most = conv::images_at_once(c.channels, height, width);
  const std::vector<float> weight = values(c.channels.in * c.channels.out * 9);
  std::vector<float> x = values(count * pixels * c.channels.in), y = values(count * pixels * c.channels.out),
                     to = weight;
  for ([[maybe_unused]] const auto& repetition : state) {
    const conv::WinogradFilter filter(c.channels, weight.data(), direction == Direction::kToInput);
    conv::WinogradWeightGradient sums(c.channels);
    for (std::int64_t first = 0; first < count; first += most) {
      const conv::Images part{std::min(most, count - first), height, width};
      float *x_part = x.data() + first * pixels * c.channels.in, *y_part = y.data() + first * pixels * c.channels.out;
      if (direction == Direction::kForward) filter.apply(part, x_part, y_part);
      if (direction == Direction::kToInput) filter.apply(part, y_part, x_part);
      if (direction == Direction::kToWeight) sums.add(part, x_part, y_part);
    }
    if (direction == Direction::kToWeight) sums.write(to.data());
    benchmark::ClobberMemory();
  }
  const std::int64_t outputs = count * pixels * c.channels.out, tiles = count * ((height + 3) / 4) * ((width + 3) / 4);
  const double done = static_cast<double>(state.iterations());
  state.counters["sums"] = benchmark::Counter(done * 2 * 9 * static_cast<double>(outputs * c.channels.in),
                                              benchmark::Counter::kIsRate, benchmark::Counter::kIs1000);
  state.counters["of_limit"] = benchmark::Counter(
      done * 36 * static_cast<double>(tiles * c.channels.in * c.channels.out) / limit, benchmark::Counter::kIsRate);
}

}  // namespace
}  // namespace ldpsim::bench

int main(int argc, char** argv) {
  using namespace ldpsim::bench;
  const double limit = most_multiply_adds_per_second();
  for (const Case& c : kCases) {
    for (const auto& [name, direction] :
         {std::pair{"forward", Direction::kForward}, std::pair{"to_input", Direction::kToInput},
          std::pair{"to_weight", Direction::kToWeight}}) {
      benchmark::RegisterBenchmark((std::string(c.name) + "/" + name).c_str(), [&c, direction = direction,
                                                                                limit](benchmark::State& state) {
        run(state, c, direction, limit);
      })->Unit(benchmark::kMillisecond);
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
#endif
