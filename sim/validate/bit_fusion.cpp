// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/bit_fusion.hpp"

namespace ldpsim {

BitFusionRun run_bit_fusion(const Target& target, Bench& bench) {
  return run_bit_fusion(target, bench, target.text("workload"));
}

BitFusionRun run_bit_fusion(const Target& target, Bench& bench, const std::string& network) {
  Bench::Settings settings;
  if (target.has("dram_bits_per_cycle"))
    settings.emplace_back("dram.bits_per_cycle", target.text("dram_bits_per_cycle"));
  Pricing& pricing = bench.pricing(target.machine, settings);
  BitFusionRun run{.network = &bench.network(network), .machine = &pricing.machine()};
  for (std::size_t i = 0; i < run.network->network.layers.size(); ++i) {
    run.layers.push_back(bench.price(pricing, *run.network, i, Pass::kForward, target.integer("batch")));
    run.total += run.layers.back();
  }
  return run;
}

}  // namespace ldpsim
