// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/paper_units.hpp"

#include <cmath>
#include <numbers>

namespace ldpsim {

int CyclicSchedule::bits_at(std::int64_t iteration) const {
  const std::int64_t period = iterations / cycles;
  const double phase = static_cast<double>(iteration % period) / static_cast<double>(period);
  // nearbyint rounds half to even, as the published code's rint does
  return static_cast<int>(
      std::nearbyint(least + 0.5 * (most - least) * (1.0 + std::cos(std::numbers::pi * phase + std::numbers::pi))));
}

}  // namespace ldpsim
