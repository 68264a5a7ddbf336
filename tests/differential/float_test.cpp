// SPDX-License-Identifier: Apache-2.0
// LNPU's floating-point datapath against sums formed with a list of all numbers of each format.
#include <gtest/gtest.h>

#include "sim/datapath/float_task.hpp"
#include "tests/support/made_up_operands.hpp"
#include "tests/support/softfloat.hpp"

namespace ldpsim::test {
namespace {

/// The machine's rules once more, on lists of numbers.
class ListMachine {
 public:
  explicit ListMachine(const FloatRules& rules)
      : rules_(rules),
        narrow_(rules.narrow.exponent_bits, rules.narrow.mantissa_bits),
        wide_(rules.wide.exponent_bits, rules.wide.mantissa_bits) {}

  double sum(const Case& c, const std::vector<Pair>& pairs) const {
    const double of_moving = scale(c.moving), of_stationary = scale(c.stationary);
    double sum = 0;
    for (const Pair& pair : pairs) {
      if (pair.moving < 0) continue;
      const double product =
          datum(value(c.moving, pair.moving) / of_moving) * datum(value(c.stationary, pair.stationary) / of_stationary);
      sum = wide(sum + wide(product));
    }
    return sum * of_moving * of_stationary;
  }
  static double value(const QuantisedTensor& t, std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    const std::size_t channel = t.scale.size() == 1 ? 0 : at / (t.codes.size() / t.scale.size());
    return t.codes[at] * t.scale[channel] + t.offset[channel];
  }

 private:
  double wide(double x) const {
    return wide_.number(wide_.nearest(x, rules_.wide.overflow == FloatOverflow::kSaturate));
  }
  double narrow(double x) const {
    return narrow_.number(narrow_.nearest(x, rules_.narrow.overflow == FloatOverflow::kSaturate));
  }
  /// The power of two by which a tensor is divided.
  double scale(const QuantisedTensor& t) const {
    double largest = 0;
    for (std::size_t i = 0; i < t.codes.size(); ++i)
      largest = std::max(largest, std::abs(value(t, static_cast<std::int64_t>(i))));
    double power = 1;
    if (largest == 0) return power;
    const double top = std::pow(2.0, rules_.largest_exponent);
    while (largest / power < top) power /= 2;
    while (largest / power >= 2 * top) power *= 2;
    return power;
  }
  double datum(double x) const {
    const double in_wide = wide(x);
    if (rules_.rule == NarrowRule::kNever) return in_wide;
    if (rules_.rule == NarrowRule::kAlways) return narrow(x);
    if (rules_.rule == NarrowRule::kExact) return narrow(x) == in_wide ? narrow(x) : in_wide;
    const double least = std::max(std::pow(2.0, rules_.narrow.least_exponent()),
                                  std::pow(2.0, rules_.largest_exponent - rules_.window + 1));
    return std::abs(in_wide) >= least && std::isfinite(narrow(x)) ? narrow(x) : in_wide;
  }

  FloatRules rules_;
  NumberList narrow_, wide_;
};

FloatRules random_rules(Random& random) {
  FloatRules rules;
  rules.narrow = random.between(0, 1) != 0 ? FloatFormat{4, 3} : FloatFormat{5, 2};
  rules.wide = random.between(0, 1) != 0 ? FloatFormat{5, 10} : FloatFormat{6, 9};
  rules.rule = static_cast<NarrowRule>(random.between(0, 3));
  rules.window = static_cast<int>(random.between(1, 8));
  rules.largest_exponent = static_cast<int>(random.between(-3, 6));  // of which the last overflow at times
  if (random.between(0, 1) != 0) rules.narrow.overflow = rules.wide.overflow = FloatOverflow::kSaturate;
  return rules;
}

TEST(FloatTask, EqualsTwoReferencesToTheLastBit) {
  Random random(19);
  std::int64_t compared = 0, inexact = 0;
  for (int trial = 0; trial < 120; ++trial) {
    const Case c = sparse_case(random, {static_cast<int>(random.between(1, 16)),
                                        static_cast<int>(random.between(1, 16)), trial % 3 == 0, trial % 4 == 0});
    const Problem& p = c.problem;
    const FloatRules rules = random_rules(random);
    const auto task = make_float_task(p, rules, c.operands());
    walk_random_tiles(random, p, *task);
    const ExpectedValues expected = float_reference(p, rules, c.operands());
    const ListMachine list(rules);
    std::size_t i = 0;
    for (std::int64_t b = 0; b < p.batch; ++b)
      for (std::int64_t g = 0; g < p.groups; ++g)
        for (std::int64_t f = 0; f < p.filters; ++f)
          for (std::int64_t y = 0; y < p.out_height; ++y)
            for (std::int64_t x = 0; x < p.out_width; ++x, ++i) {
              const std::vector<Pair> pairs = reduction_of(p, b, g, f, y, x);
              const double have = task->values()[i], want = list.sum(c, pairs);
              if (std::isnan(want)) {
                ASSERT_TRUE(std::isnan(have) && std::isnan(expected.values[i]));
                continue;
              }
              ASSERT_EQ(have, want) << "trial " << trial;
              ASSERT_EQ(have, expected.values[i]) << "trial " << trial;
              ++compared;
              double exact = 0;
              for (const Pair& pair : pairs) {
                if (pair.moving < 0) continue;
                exact += ListMachine::value(c.moving, pair.moving) * ListMachine::value(c.stationary, pair.stationary);
              }
              inexact += exact != want;
              if (rules.largest_exponent <= 0 && std::isfinite(want)) {
                ASSERT_LE(std::abs(exact - want), expected.bounds[i]) << "trial " << trial;
              }
            }
  }
  EXPECT_GT(compared, 10000);
  EXPECT_GT(inexact, compared / 10);
}

}  // namespace
}  // namespace ldpsim::test
