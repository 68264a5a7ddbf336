// SPDX-License-Identifier: Apache-2.0
// V3: what shares DRAM, buffers and array have in Bit Fusion's energy.
#include "sim/validate/bit_fusion.hpp"
#include "sim/validate/checks.hpp"

namespace ldpsim {
namespace {

double compute(const Target& target, Bench& bench) {
  const BitFusionRun run = run_bit_fusion(target, bench);
  const Energy energy = run.machine->energy().price(run.total.counts, run.total.bound_cycles);
  const double core = energy[Action::kArrayCycle];
  const double dram = energy[Action::kDramRead] + energy[Action::kDramWrite];
  const std::string& part = target.text("part");
  const double pj = part == "core" ? core : part == "dram" ? dram : energy.total_pj - core - dram;
  return 100 * pj / energy.total_pj;
}

}  // namespace

Check bit_fusion_energy_check() { return {"V3", "bit-fusion-energy", compute}; }

}  // namespace ldpsim
