// SPDX-License-Identifier: Apache-2.0
// V7 and V8: UNPU's peaks, and its efficiency at the point where it is best.
#include "sim/validate/checks.hpp"
#include "sim/validate/chip.hpp"

namespace ldpsim {
namespace {

ChipRun run(const Target& target, Bench& bench) { return run_at_peak(target, bench, 1536); }

double peak(const Target& target, Bench& bench) { return run(target, bench).gops(); }

double efficiency(const Target& target, Bench& bench) {
  const ChipRun chip = run(target, bench);
  return target.text("figure") == "power" ? chip.milliwatt() : chip.tops_per_watt();
}

}  // namespace

Check unpu_peak_check() { return {"V7", "unpu-peak", peak}; }
Check unpu_efficiency_check() { return {"V8", "unpu-efficiency", efficiency}; }

}  // namespace ldpsim
