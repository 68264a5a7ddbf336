// SPDX-License-Identifier: Apache-2.0
// V7 and V8: UNPU's peaks, and its efficiency at the point where it is best.
#include "sim/validate/checks.hpp"
#include "sim/validate/chip.hpp"

namespace ldpsim {
namespace {

/// Fills every row, lane and port at every precision, and is so long that reading operands and writing results counts
/// little.
const Layer kPeakLayer{.name = "peak",
                       .in_channels = 1536,
                       .out_channels = 960,
                       .in_height = 48,
                       .in_width = 48,
                       .kernel_height = 3,
                       .kernel_width = 3,
                       .padding = 1};

ChipRun run(const Target& target, Bench& bench) {
  const Machine& machine = bench.pricing(target.text("machine"), with_large_buffers()).machine();
  const PassBits bits{.moving = 16, .stationary = static_cast<int>(target.integer("weight_bits"))};
  return run_chip(machine, kPeakLayer, bits);
}

double peak(const Target& target, Bench& bench) { return run(target, bench).gops(); }

double efficiency(const Target& target, Bench& bench) {
  const ChipRun chip = run(target, bench);
  return target.text("figure") == "power" ? chip.milliwatt() : chip.tops_per_watt();
}

}  // namespace

Check unpu_peak_check() { return {"V7", "unpu-peak", peak}; }
Check unpu_efficiency_check() { return {"V8", "unpu-efficiency", efficiency}; }

}  // namespace ldpsim
