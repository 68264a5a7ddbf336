// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "frontend/methods/method.hpp"

namespace ldpsim::methods {

/// The precision range test that finds the lower bound of cyclic precision (Fu et al., CPT, ICLR 2021, sec. 3.3): from
/// the lowest precision upwards, `steps` iterations each, all layers alike; the lower bound is the first precision that
/// raises the training accuracy, averaged over `window` consecutive iterations, by more than `threshold`. The upper
/// bound is the static precision. The publication gives neither threshold nor window; it has no code of the test.
///
/// The accuracy of a precision is the mean over its last `window` iterations; it is compared with that of the precision
/// before, and the lowest with its own first `window`. With `by_loss` the same is asked of the fall of the loss, for
/// tasks that have no accuracy. Iterations after the sweep run at the highest precision and count nothing.
class RangeTest final : public Method {
 public:
  struct Settings {
    std::int64_t steps = 200, window = 50;  ///< window at most steps
    double threshold = 0.01;
    bool by_loss = false;
  };
  RangeTest(const MethodSettings& common, const Settings& settings);

  std::vector<Precision> precision(std::int64_t iteration) const override;
  bool wants_accuracy() const override { return !settings_.by_loss; }
  void batch_accuracy(std::int64_t iteration, double accuracy) override;
  void after_step(std::int64_t iteration, double loss) override;
  std::vector<double> state() const override;
  void restore(std::span<const double> state) override;
  /// range_test_means, and range_test_lower_bound or the word none.
  std::vector<std::pair<std::string, std::string>> findings() const override;

  /// Nothing where no precision that has been tried so far is good enough.
  std::optional<int> lower_bound() const;

 private:
  int bits(std::int64_t iteration) const;
  void add(std::int64_t iteration, double goodness);
  /// Rise of the goodness that a precision brought; nothing before it has been tried.
  std::optional<double> rise(std::size_t index) const;

  MethodSettings common_;
  Settings settings_;
  double first_ = 0;          ///< sum over the first window of the lowest precision
  std::vector<double> last_;  ///< sums over the last windows, by precision
  std::vector<double> seen_;  ///< iterations in last_
};

}  // namespace ldpsim::methods
