// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/validate/bench.hpp"
#include "sim/validate/target.hpp"

namespace ldpsim {

/// Inference of one batch of a network on Bit Fusion in the configuration of its release.
struct BitFusionRun {
  const NetworkTable* network = nullptr;
  const Machine* machine = nullptr;
  std::vector<PassCost> layers{};
  PassCost total{};
};

/// The run that a target's keys describe: `machine`, `workload` (a table of networks/), `batch`, and optionally
/// `dram_bits_per_cycle`.
BitFusionRun run_bit_fusion(const Target& target, Bench& bench);
/// The same of another network.
BitFusionRun run_bit_fusion(const Target& target, Bench& bench, const std::string& network);

}  // namespace ldpsim
