// SPDX-License-Identifier: Apache-2.0
// V5: the ideal speedups of Stripes, every layer at bits / 16 of its cycles on DaDianNao.
#include "sim/validate/checks.hpp"
#include "sim/validate/stripes.hpp"

namespace ldpsim {
namespace {

double compute(const Target& target, Bench& bench) {
  const StripesRun run = run_stripes(target, bench, target.text("workload"), target.text("profile"));
  return run.baseline / run.ideal;
}

}  // namespace

Check stripes_ideal_check() { return {"V5", "stripes-ideal", compute}; }

}  // namespace ldpsim
