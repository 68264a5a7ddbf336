// SPDX-License-Identifier: Apache-2.0
// V4: speedup of Stripes over DaDianNao, convolutions without overhead, geometric mean over networks.
#include <sstream>

#include "sim/validate/checks.hpp"
#include "sim/validate/stripes.hpp"

namespace ldpsim {
namespace {

double compute(const Target& target, Bench& bench) {
  std::vector<double> speedups;
  std::istringstream networks(target.text("networks"));
  for (std::string network; networks >> network;) {
    const StripesRun run = run_stripes(target, bench, network, target.text("profile"));
    speedups.push_back(run.baseline / run.stripes);
  }
  return geometric_mean(speedups);
}

}  // namespace

Check stripes_speedup_check() { return {"V4", "stripes-speedup", compute}; }

}  // namespace ldpsim
