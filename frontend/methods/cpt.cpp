// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/cpt.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ldpsim::methods {

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
  return {"cpt",
          "cyclic precision between the bounds of --bits, all layers alike (CPT, ICLR 2021)",
          {cli::OptionSpec{"cycles", "N", "32", "cpt: cycles in the whole run"}},
          [](const MethodSettings& common, const cli::Arguments& arguments) -> std::unique_ptr<Method> {
            return std::make_unique<Cpt>(common, arguments.integer("cycles", 1, 1'000'000));
          }};
}

}  // namespace ldpsim::methods
