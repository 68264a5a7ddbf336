// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/datapath/float_task.hpp"
#include "sim/datapath/real_values.hpp"

namespace ldpsim {
namespace {

/// `value` in multiples of the last place that a number of its size has.
double rounded(double value, const FloatFormat& format) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::max(std::ilogb(value), format.least_exponent());
  const double step = std::ldexp(1.0, exponent - format.mantissa_bits);
  const double near = std::nearbyint(value / step) * step;  // to nearest, ties to even
  const double largest = std::ldexp(2 - std::ldexp(1.0, -format.mantissa_bits), format.most_exponent());
  if (std::abs(near) <= largest) return near;
  const double end = format.overflow == FloatOverflow::kSaturate ? largest : std::numeric_limits<double>::infinity();
  return std::copysign(end, value);
}

struct Reals {
  std::vector<double> exact, data;  ///< scaled by 2^-shift; as given and as kept
  int shift = 0;
};

Reals reals_of(const QuantisedTensor& tensor, const FloatRules& rules) {
  Reals r;
  r.exact = real_values(tensor);
  double largest = 0;
  for (const double value : r.exact) largest = std::max(largest, std::abs(value));
  if (largest > 0) r.shift = std::ilogb(largest) - rules.largest_exponent;
  const int least = std::max(rules.narrow.least_exponent(), rules.largest_exponent - rules.window + 1);
  for (double& value : r.exact) {
    value = std::ldexp(value, -r.shift);
    const double wide = rounded(value, rules.wide), narrow = rounded(value, rules.narrow);
    bool keeps_narrow = rules.rule == NarrowRule::kAlways || (rules.rule != NarrowRule::kNever && wide == 0);
    if (rules.rule == NarrowRule::kExact) keeps_narrow = keeps_narrow || narrow == wide;
    if (rules.rule == NarrowRule::kWindow && wide != 0)
      keeps_narrow = std::ilogb(wide) >= least && std::isfinite(narrow);
    r.data.push_back(keeps_narrow ? narrow : wide);
  }
  return r;
}

}  // namespace

ExpectedValues float_reference(const Problem& p, const FloatRules& rules, const PassOperands& operands) {
  const Reals m = reals_of(*operands.moving, rules), s = reals_of(*operands.stationary, rules);
  const double half_step = std::ldexp(1.0, -rules.wide.mantissa_bits - 1),
               least = std::ldexp(1.0, rules.wide.least_exponent() - rules.wide.mantissa_bits);
  ExpectedValues expected;
  for (std::int64_t b = 0; b < p.batch; ++b)
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (std::int64_t f = 0; f < p.filters; ++f)
        for (std::int64_t y = 0; y < p.out_height; ++y)
          for (std::int64_t x = 0; x < p.out_width; ++x) {
            double sum = 0, of_operands = 0, magnitude = 0, count = 1;
            for (std::int64_t ky = 0; ky < p.kernel_height; ++ky)
              for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
                const std::int64_t iy = p.input_y(y, ky), ix = p.input_x(x, kx);
                if (iy < 0 || ix < 0) continue;
                for (std::int64_t c = 0; c < p.channels; ++c) {
                  const auto mi = static_cast<std::size_t>(p.moving.at(b, g, 0, c, iy, ix)),
                             si = static_cast<std::size_t>(p.stationary.at(0, g, f, c, ky, kx));
                  const double product = m.data[mi] * s.data[si];
                  sum = rounded(sum + rounded(product, rules.wide), rules.wide);
                  of_operands += std::abs(m.exact[mi] * s.exact[si] - product);
                  magnitude += std::abs(product);
                  ++count;
                }
              }
            const int shift = m.shift + s.shift;
            // a few parts in a hundred for the products of errors
            const double bound = 1.05 * (of_operands + count * (half_step * magnitude + least));
            expected.values.push_back(std::ldexp(sum, shift));
            expected.bounds.push_back(std::ldexp(bound, shift));
          }
  return expected;
}

}  // namespace ldpsim
