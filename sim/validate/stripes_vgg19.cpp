// SPDX-License-Identifier: Apache-2.0
// V6: VGG-19, the network on which Stripes gains least.
#include "sim/validate/checks.hpp"
#include "sim/validate/stripes.hpp"

namespace ldpsim {
namespace {

double compute(const Target& target, Bench& bench) {
  const StripesRun run = run_stripes(target, bench, target.text("workload"), target.text("profile"));
  return run.baseline / run.stripes;
}

}  // namespace

Check stripes_vgg19_check() { return {"V6", "stripes-vgg19", compute}; }

}  // namespace ldpsim
