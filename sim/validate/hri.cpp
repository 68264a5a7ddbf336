// SPDX-License-Identifier: Apache-2.0
// V11 and V12: the look-up-table PEs of the HRI processor against multiply-accumulate units, and its near-zero skipper.
#include "sim/validate/checks.hpp"
#include "sim/validate/chip.hpp"

namespace ldpsim {
namespace {

const Layer kSkippedLayer{.name = "skipped",
                          .in_channels = 64,
                          .out_channels = 96,
                          .in_height = 14,
                          .in_width = 14,
                          .kernel_height = 3,
                          .kernel_width = 3};

/// Energy of the PEs a product, tables included, over that of a 16-bit x weight_bits multiplication and a 32-bit
/// addition in the same technology.
double pe_energy(const Target& target, Bench& bench) {
  const ChipRun chip = run_at_peak(target, bench, 384, {{"array.near_zero", "compute"}});
  const double pj =
      chip.energy[Action::kArrayCycle] + chip.energy[Action::kTableAdd] + chip.energy[Action::kTableWrite];
  const double mac =
      (target.real("multiply_pj") * static_cast<double>(target.integer("weight_bits")) / 16 + target.real("add_pj")) *
      target.real("node_factor");
  return pj / static_cast<double>(chip.macs) / mac;
}

double skipping(const Target& target, Bench& bench) {
  const PassBits bits{.moving = 8, .stationary = 8};
  const QuantisedTensor inputs = made_up_tensor(kSkippedLayer.input_elements(), 8, target.real("zeros")),
                        weights = made_up_tensor(kSkippedLayer.weight_elements(), 8, 0);
  const auto machine = [&](const char* near_zero) -> const Machine& {
    return bench
        .pricing(target.text("machine"),
                 with_large_buffers({{"array.near_zero", near_zero}, {"array.skip_threshold", "0"}}))
        .machine();
  };
  const ChipRun all = run_chip(machine("compute"), kSkippedLayer, bits),
                left = run_chip(machine("skip"), kSkippedLayer, bits, {&inputs, &weights});
  if (target.text("figure") == "energy") return 100 * (1 - left.chip_pj() / all.chip_pj());
  const auto worked = static_cast<double>(left.counts[Action::kTerm]),
             skipped = static_cast<double>(left.counts[Action::kSkippedTerm]);
  return 100 * skipped / (worked + skipped);
}

}  // namespace

Check hri_pe_check() { return {"V11", "hri-pe", pe_energy}; }
Check hri_skipping_check() { return {"V12", "hri-skipping", skipping}; }

}  // namespace ldpsim
