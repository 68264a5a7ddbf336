// SPDX-License-Identifier: Apache-2.0
// V9 and V10: LNPU's peaks in both formats, and its efficiency on dense and on sparse inputs.
#include "sim/validate/checks.hpp"
#include "sim/validate/chip.hpp"

namespace ldpsim {
namespace {

/// Fills all lines and all their multipliers.
const Layer kPeakLayer{.name = "peak", .in_channels = 480, .out_channels = 64, .in_height = 24, .in_width = 8};

ChipRun run(const Target& target, Bench& bench) {
  const Machine& machine =
      bench
          .pricing(target.text("machine"),
                   with_large_buffers({{"array.fp8_rule", target.text("format") == "FP8" ? "always" : "never"}}))
          .machine();
  const PassBits bits{.moving = 4, .stationary = 4};
  const QuantisedTensor inputs = made_up_tensor(kPeakLayer.input_elements(), bits.moving, target.real("zeros")),
                        weights = made_up_tensor(kPeakLayer.weight_elements(), bits.stationary, 0);
  return run_chip(machine, kPeakLayer, bits, {&inputs, &weights});
}

double peak(const Target& target, Bench& bench) { return run(target, bench).gops() / 1000; }
double efficiency(const Target& target, Bench& bench) { return run(target, bench).tops_per_watt(); }

}  // namespace

Check lnpu_peak_check() { return {"V9", "lnpu-peak", peak}; }
Check lnpu_efficiency_check() { return {"V10", "lnpu-efficiency", efficiency}; }

}  // namespace ldpsim
