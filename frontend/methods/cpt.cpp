// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/cpt.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "sim/core/error.hpp"

namespace ldpsim::methods {
namespace {

/// A cycle needs an iteration for each precision, or it would not reach the upper ones. The default gives way to that.
std::int64_t cycles_of(const MethodSettings& common, const cli::Arguments& arguments) {
  const std::int64_t precisions = common.max_bits - common.min_bits + 1,
                     wanted = arguments.integer("cycles", 1, 1'000'000),
                     most = std::max<std::int64_t>(1, common.iterations / precisions);
  if (wanted > most && arguments.given("cycles")) {
    throw UserError("--cycles",
                    fmt::format("{} in {} iterations leave no cycle room for the {} precisions of --bits", wanted,
                                common.iterations, precisions),
                    fmt::format("allowed: 1 to {}", most));
  }
  return std::min(wanted, most);
}

}  // namespace

Cpt::Cpt(const MethodSettings& common, std::int64_t cycles)
    : common_(common), period_(std::max<std::int64_t>(1, common.iterations / cycles)) {}

int Cpt::bits(std::int64_t iteration) const {
  const double phase = static_cast<double>(iteration % period_) / static_cast<double>(period_);
  const double climb = 0.5 * (1 + std::cos(std::numbers::pi * phase + std::numbers::pi));
  return static_cast<int>(std::nearbyint(common_.min_bits + (common_.max_bits - common_.min_bits) * climb));
}

std::vector<Precision> Cpt::precision(std::int64_t iteration) const {
  const int b = bits(iteration);
  return uniform_precision(*common_.network, {b, b, common_.gradient_bits});
}

MethodEntry cpt_method() {
  return entry_of<Cpt>(
      "cpt", "cyclic precision between the bounds of --bits, all layers alike (CPT, ICLR 2021)",
      {cli::OptionSpec{"cycles", "N", "32",
                       "cpt: cycles in the whole run; the default is fewer where one would have fewer "
                       "iterations than precisions; iterations that are left over begin another cycle, "
                       "at the lowest bits"}},
      cycles_of);
}

}  // namespace ldpsim::methods
