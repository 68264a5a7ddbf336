// SPDX-License-Identifier: Apache-2.0
// V2: Bit Fusion against Eyeriss, as the notebook of its release compares them: sums over each network, then the
// geometric mean.
#include "sim/core/csv.hpp"
#include "sim/validate/bit_fusion.hpp"
#include "sim/validate/checks.hpp"

namespace ldpsim {
namespace {

/// Released totals of Eyeriss over a batch, pooling included. Energy is counted in 16-bit multiply-accumulates.
struct EyerissTotal {
  std::string network;
  double cycles = 0, energy_macs = 0;
};

EyerissTotal total_of(const CsvTable& table, double dram_factor) {
  const auto count = [&](std::size_t column) {
    return static_cast<double>(table.integer(column, 0, std::int64_t{1} << 50));
  };
  return {.network = table.text(0),
          .cycles = count(1),
          .energy_macs = count(2) + dram_factor * count(3) + count(4) + count(5) + count(6)};
}

double compute(const Target& target, Bench& bench) {
  const bool wants_energy = target.text("figure") == "energy";
  CsvTable table(validation_file(target.text("rows")),
                 {{"network"}, {"cycles"}, {"alu"}, {"dram"}, {"buffer"}, {"array"}, {"rf"}});
  std::vector<double> ratios;
  while (table.next()) {
    const EyerissTotal eyeriss = total_of(table, target.real("eyeriss_dram_factor"));
    const BitFusionRun run = run_bit_fusion(target, bench, eyeriss.network);
    const Total cycles = run.total.bound_cycles;
    ratios.push_back(wants_energy ? eyeriss.energy_macs * target.real("eyeriss_pj_per_mac") /
                                        run.machine->energy().price(run.total.counts, cycles).total_pj
                                  : eyeriss.cycles / static_cast<double>(cycles));
  }
  return geometric_mean(ratios);
}

}  // namespace

Check bit_fusion_eyeriss_check() { return {"V2", "bit-fusion-eyeriss", compute}; }

}  // namespace ldpsim
