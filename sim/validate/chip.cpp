// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/chip.hpp"

#include <utility>

#include "sim/core/random.hpp"

namespace ldpsim {
namespace {

Problem problem_of(const Layer& layer) { return lower(layer, Pass::kForward, 1).front(); }

ChipRun finished(const Machine& machine, const Problem& problem, ChipRun run) {
  run.macs = problem.macs();
  run.energy = machine.energy().price(run.counts, run.cycles);
  run.frequency_mhz = machine.arch().real("clock.frequency_mhz");
  return run;
}

}  // namespace

Bench::Settings with_large_buffers(Bench::Settings settings) {
  for (const char* buffer : {"weight", "activation", "output"})
    settings.emplace_back(std::string("buffers.") + buffer + "_bytes", "1000000000");
  return settings;
}

double ChipRun::gops() const {
  return 2 * static_cast<double>(macs) / static_cast<double>(cycles) * frequency_mhz / 1000;
}
double ChipRun::chip_pj() const { return energy.total_pj - energy[Action::kDramRead] - energy[Action::kDramWrite]; }
double ChipRun::milliwatt() const { return chip_pj() / static_cast<double>(cycles) * frequency_mhz / 1000; }
double ChipRun::tops_per_watt() const { return gops() / milliwatt(); }

ChipRun run_chip(const Machine& machine, const Layer& layer, PassBits bits) {
  const Problem problem = problem_of(layer);
  const TilePlan plan = map_problem(machine.array(), machine.memory(), machine.energy(), problem, bits);
  return finished(machine, problem, {.cycles = plan.compute_cycles, .counts = plan.counts, .energy = {}});
}

ChipRun run_chip(const Machine& machine, const Layer& layer, PassBits bits, const PassOperands& operands) {
  const Problem problem = problem_of(layer);
  const TilePlan plan = map_problem(machine.array(), machine.memory(), machine.energy(), problem, bits);
  const TileCost cost = machine.array().make_timing(problem, bits, operands)->tile_cost(whole_group(problem, 0));
  ChipRun run{.cycles = cost.cycles(), .counts = plan.counts, .energy = {}};
  run.counts += cost.difference;
  run.counts[Action::kArrayCycle] -= (plan.compute_cycles - run.cycles) * machine.array().pes();
  return finished(machine, problem, run);
}

ChipRun run_at_peak(const Target& target, Bench& bench, std::int64_t in_channels, Bench::Settings settings) {
  const Layer layer{.name = "peak",
                    .in_channels = in_channels,
                    .out_channels = 960,
                    .in_height = 48,
                    .in_width = 48,
                    .kernel_height = 3,
                    .kernel_width = 3,
                    .padding = 1};
  const Machine& machine = bench.pricing(target.text("machine"), with_large_buffers(std::move(settings))).machine();
  return run_chip(machine, layer, {.moving = 16, .stationary = static_cast<int>(target.integer("weight_bits"))});
}

QuantisedTensor made_up_tensor(std::int64_t elements, int bits, double zeros) {
  Random random(1);
  QuantisedTensor tensor{.shape = {elements}, .bits = bits, .codes = {}, .scale = {1}, .offset = {0}};
  for (std::int64_t i = 0; i < elements; ++i) {
    const bool zero = random.uniform() < zeros;
    const std::int64_t code = random.between(1, (1 << bits) - 1);
    tensor.codes.push_back(zero ? 0 : static_cast<std::int32_t>(code));
  }
  return tensor;
}

}  // namespace ldpsim
