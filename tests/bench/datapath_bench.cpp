// SPDX-License-Identifier: Apache-2.0
// Speed of the bit-exact datapaths in multiply-accumulates per second ("GMAC/s" is the column macs_per_second), on one
// core:
//   kernel     the innermost loop alone, in the nearest caches: the limit
//   task       operands to dequantised results, whole layer
//   model      the same while the clocked machine counts its cycles, mapping included
// Each on bit-planes (AND and popcount, like the arrays) and on whole codes (Arithmetic).
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <array>
#include <string>
#include <systemc>
#include <vector>

#include "sim/core/memory.hpp"
#include "sim/core/random.hpp"
#include "sim/datapath/aligned_buffer.hpp"
#include "sim/datapath/bit_kernels.hpp"
#include "sim/datapath/builtin.hpp"
#include "sim/datapath/code_kernels.hpp"
#include "sim/datapath/functional.hpp"
#include "sim/energy/energy_table.hpp"
#include "sim/mapping/tile_plan.hpp"
#include "sim/model/accelerator.hpp"

namespace ldpsim {
namespace {

struct Shape {
  const char* name;
  std::int64_t in_channels, out_channels, size, stride, batch;
};
constexpr Shape kShapes[] = {{"resnet20_first", 3, 16, 32, 1, 4},   {"resnet20_stage1", 16, 16, 32, 1, 4},
                             {"resnet20_stage2", 32, 32, 16, 1, 8}, {"resnet20_down2", 16, 32, 32, 2, 8},
                             {"resnet20_stage3", 64, 64, 8, 1, 16}, {"resnet18_stage2", 128, 128, 28, 1, 1},
                             {"resnet18_stage4", 512, 512, 7, 1, 2}};
constexpr std::array kBits{std::array{8, 8}, std::array{4, 4}, std::array{3, 8}, std::array{2, 2}, std::array{16, 16}};
enum class Machine { kBitSerial, kBrick };

Layer layer_of(const Shape& s) {
  Layer layer;
  layer.name = s.name;
  layer.in_channels = s.in_channels;
  layer.out_channels = s.out_channels;
  layer.in_height = layer.in_width = s.size;
  layer.kernel_height = layer.kernel_width = 3;
  layer.stride = s.stride;
  layer.padding = 1;
  return layer;
}

QuantisedTensor uniform_codes(std::int64_t size, int bits, std::int64_t scales, std::uint64_t seed) {
  Random random(seed);
  QuantisedTensor t;
  t.bits = bits;
  for (std::int64_t i = 0; i < size; ++i)
    t.codes.push_back(static_cast<std::int32_t>(random.between(0, (1 << bits) - 1)));
  t.scale.assign(static_cast<std::size_t>(scales), 0.01);
  t.offset.assign(static_cast<std::size_t>(scales), -0.5);
  return t;
}

struct Workload {
  std::vector<Problem> problems;
  PassBits bits;
  QuantisedTensor moving, stationary;
  std::int64_t macs = 0;

  Workload(const Shape& shape, Pass pass, int moving_bits, int stationary_bits, bool per_channel)
      : bits{moving_bits, stationary_bits} {
    const Layer layer = layer_of(shape);
    problems = lower(layer, pass, shape.batch, InsertedZeros::kSkip, per_channel);
    const std::int64_t x = shape.batch * layer.input_elements(), y = shape.batch * layer.output_elements();
    moving = uniform_codes(pass == Pass::kBackwardData ? y : x, moving_bits, 1, 1);
    stationary = uniform_codes(pass == Pass::kBackwardWeight ? y : layer.weight_elements(), stationary_bits,
                               per_channel ? layer.out_channels : 1, 2);
    for (const Problem& p : problems) macs += p.macs();
  }
  PassOperands operands(Arithmetic arithmetic) const { return {&moving, &stationary, arithmetic}; }
};

void report(benchmark::State& state, std::int64_t macs) {
  state.counters["macs_per_second"] = benchmark::Counter(
      static_cast<double>(macs) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void run_task(benchmark::State& state, const Workload& work, Machine machine, Arithmetic arithmetic) {
  const auto make = machine == Machine::kBitSerial ? make_bit_serial_task : make_brick_task;
  for (auto _ : state) {
    for (const Problem& problem : work.problems) {
      const auto task = make(problem, work.bits, work.operands(arithmetic), {.bits = 48});
      for (std::int64_t g = 0; g < problem.groups; ++g) task->compute(whole_group(problem, g));
      task->finish();
      benchmark::DoNotOptimize(task->values().data());
    }
  }
  report(state, work.macs);
}

Accelerator& accelerator() {
  static Accelerator machine;
  return machine;
}

void run_model(benchmark::State& state, const Workload& work, const std::string& name, Arithmetic arithmetic) {
  const ArchSpec arch = load_arch(name);
  const auto array = make_pe_array(arch);
  const MemorySpec memory = MemorySpec::of(arch);
  const EnergyTable energy = EnergyTable::of(arch, *array);
  for (auto _ : state) {
    for (const Problem& problem : work.problems) {
      const TilePlan plan = map_problem(*array, memory, energy, problem, work.bits);
      const auto task = array->make_task(problem, work.bits, work.operands(arithmetic));
      benchmark::DoNotOptimize(accelerator().run(*array, memory, plan, task.get(), {}));
    }
  }
  report(state, work.macs);
}

/// 64 filters x 64 windows over `places` of reduction, everything in the nearest caches.
void run_kernel(benchmark::State& state, int moving_bits, int stationary_bits, int digit) {
  const std::int64_t words = state.range(0) / 32, rows = 64;
  Random random(3);
  std::vector<std::uint32_t> a(static_cast<std::size_t>(rows * words * stationary_bits)),
      b(static_cast<std::size_t>(rows * words * moving_bits));
  for (auto& word : a) word = static_cast<std::uint32_t>(random.next());
  for (auto& word : b) word = static_cast<std::uint32_t>(random.next());
  AlignedBuffer<std::uint32_t> panel;
  fill_panel(a.data(), rows, words, stationary_bits, panel.resize(panel_size(rows, words, stationary_bits)));
  AlignedBuffer<std::int32_t> out;
  out.resize(rows * rows);
  for (auto _ : state) {
    multiply_planes({panel.data(), rows, words, stationary_bits, false}, {b.data(), rows, words, moving_bits, false}, 0,
                    words, digit, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  report(state, rows * rows * words * 32);
}

/// 64 filters, 128 windows and `pairs` pairs of channels at nine taps; or 64 filters and 9 windows of rows of `pairs`.
void run_code_kernel(benchmark::State& state, bool along_places) {
  const std::int64_t pairs = state.range(0), lanes = pair_lanes(), filters = 64;
  Random random(3);
  std::vector<std::uint32_t> moving(static_cast<std::size_t>(pairs * 200 + 512)),
      stationary(static_cast<std::size_t>(filters * pairs * 9));
  for (auto* words : {&moving, &stationary})
    for (auto& word : *words) word = static_cast<std::uint32_t>(random.next()) & 0x00FF00FFu;
  std::vector<std::int64_t> windows, steps;
  for (std::int64_t w = 0; w < (along_places ? 9 : 128 / lanes); ++w)
    windows.push_back(along_places ? w / 3 * 34 + w % 3 : w * lanes);
  for (std::int64_t s = 0; s < pairs * 9; ++s) steps.push_back(s / 9 * 200 + s % 9 / 3 * 34 + s % 3);
  const std::int64_t count = static_cast<std::int64_t>(windows.size());
  std::vector<std::int32_t> sums(static_cast<std::size_t>(4 * count * lanes));
  std::vector<std::int64_t> wide(static_cast<std::size_t>(4 * count));
  for (auto _ : state) {
    for (std::int64_t f = 0; f < filters; f += kFilterBlock) {
      const std::uint32_t* block = stationary.data() + f * pairs * 9;
      if (along_places) {
        multiply_places({moving.data(), windows.data(), count, steps.data(), 1, pairs, block, pairs}, count,
                        wide.data());
      } else {
        multiply_windows({moving.data(), windows.data(), count, steps.data(), pairs * 9, block}, count * lanes,
                         sums.data());
      }
      benchmark::DoNotOptimize(sums.data());
      benchmark::DoNotOptimize(wide.data());
      benchmark::ClobberMemory();
    }
  }
  report(state, along_places ? filters * count * pairs * 2 : filters * count * lanes * pairs * 18);
}

void register_all() {
  for (const bool along_places : {false, true})
    benchmark::RegisterBenchmark(along_places ? "kernel/codes/places" : "kernel/codes/windows",
                                 [=](benchmark::State& state) { run_code_kernel(state, along_places); })
        ->Arg(8)
        ->Arg(32)
        ->Arg(128);
  for (const auto& [moving, stationary] : kBits) {
    const std::string bits = std::to_string(moving) + "x" + std::to_string(stationary);
    if (moving <= kMostPlanes) {
      for (const int digit : {1, 2}) {
        benchmark::RegisterBenchmark(
            ("kernel/" + bits + "/digit" + std::to_string(digit)).c_str(),
            [=, m = moving, s = stationary](benchmark::State& state) { run_kernel(state, m, s, digit); })
            ->Arg(160)
            ->Arg(576)
            ->Arg(4096);
      }
    }
    for (const Shape& shape : kShapes)
      for (const Pass pass : kAllPasses)
        for (const bool per_channel : {false, true}) {
          if (per_channel && pass != Pass::kBackwardData) continue;
          if (shape.in_channels == 3 && pass == Pass::kBackwardData) continue;
          const std::string name = bits + "/" + shape.name + "/" + name_of(pass) + (per_channel ? "_per_channel" : "");
          const auto workload = [=, m = moving, s = stationary] { return Workload(shape, pass, m, s, per_channel); };
          for (const Arithmetic arithmetic : {Arithmetic::kArray, Arithmetic::kCodes}) {
            const std::string how = arithmetic == Arithmetic::kArray ? "planes/" : "codes/";
            for (const Machine machine : {Machine::kBitSerial, Machine::kBrick}) {
              const std::string kind = machine == Machine::kBitSerial ? "bit_serial/" : "bricks/";
              benchmark::RegisterBenchmark(("task/" + kind + how + name).c_str(), [=](benchmark::State& state) {
                run_task(state, workload(), machine, arithmetic);
              });
            }
            for (const std::string arch : {"stripes", "bitfusion"}) {
              benchmark::RegisterBenchmark(("model/" + arch + "/" + how + name).c_str(), [=](benchmark::State& state) {
                run_model(state, workload(), arch, arithmetic);
              });
            }
          }
        }
  }
}

}  // namespace
}  // namespace ldpsim

int sc_main(int argc, char* argv[]) {
  setenv("LDPSIM_DATA", LDPSIM_SOURCE_DIR, 0);
  ldpsim::keep_freed_memory();
  ldpsim::register_builtin_pe_arrays();
  benchmark::AddCustomContext("kernels", ldpsim::kernel_target());
  ldpsim::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
