// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/range_test.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.hpp"

namespace ldpsim::methods {

RangeTest::RangeTest(const MethodSettings& common, const Settings& settings)
    : common_(common),
      settings_(settings),
      last_(static_cast<std::size_t>(common.max_bits - common.min_bits + 1), 0.0),
      seen_(last_) {}

int RangeTest::bits(std::int64_t iteration) const {
  return static_cast<int>(std::min<std::int64_t>(common_.min_bits + iteration / settings_.steps, common_.max_bits));
}

std::vector<Precision> RangeTest::precision(std::int64_t iteration) const {
  const int b = bits(iteration);
  return uniform_precision(*common_.network, {b, b, common_.gradient_bits});
}

void RangeTest::batch_accuracy(std::int64_t iteration, double accuracy) {
  if (!settings_.by_loss) add(iteration, accuracy);
}

void RangeTest::after_step(std::int64_t iteration, double loss) {
  if (settings_.by_loss) add(iteration, -loss);
}

void RangeTest::add(std::int64_t iteration, double goodness) {
  const std::int64_t index = iteration / settings_.steps, position = iteration % settings_.steps;
  if (index >= static_cast<std::int64_t>(last_.size())) return;
  if (iteration < settings_.window) first_ += goodness;
  if (position < settings_.steps - settings_.window) return;
  last_[static_cast<std::size_t>(index)] += goodness;
  seen_[static_cast<std::size_t>(index)] += 1;
}

std::optional<double> RangeTest::rise(std::size_t index) const {
  const auto window = static_cast<double>(settings_.window);
  if (seen_[index] < window) return std::nullopt;
  const double before = index == 0 ? first_ : last_[index - 1];
  return (last_[index] - before) / window;
}

std::optional<int> RangeTest::lower_bound() const {
  for (std::size_t i = 0; i < last_.size(); ++i) {
    const auto risen = rise(i);
    if (risen && *risen > settings_.threshold) return common_.min_bits + static_cast<int>(i);
  }
  return std::nullopt;
}

std::vector<std::pair<std::string, std::string>> RangeTest::findings() const {
  std::string means;
  for (std::size_t i = 0; i < last_.size() && rise(i); ++i) {
    means += fmt::format("{}{} bits {:.4f}", means.empty() ? "" : ", ", common_.min_bits + static_cast<int>(i),
                         last_[i] / static_cast<double>(settings_.window));
  }
  const auto bound = lower_bound();
  return {{"range_test_means", means}, {"range_test_lower_bound", bound ? std::to_string(*bound) : "none"}};
}

std::vector<double> RangeTest::state() const {
  std::vector<double> state{first_};
  state.insert(state.end(), last_.begin(), last_.end());
  state.insert(state.end(), seen_.begin(), seen_.end());
  return state;
}

void RangeTest::restore(std::span<const double> state) {
  if (state.size() != 1 + 2 * last_.size()) throw InternalError("state of method range-test has the wrong size");
  first_ = state[0];
  std::copy_n(state.begin() + 1, last_.size(), last_.begin());
  std::copy_n(state.begin() + 1 + static_cast<std::ptrdiff_t>(last_.size()), seen_.size(), seen_.begin());
}

namespace {

RangeTest::Settings range_test_settings(const MethodSettings& common, const cli::Arguments& arguments) {
  RangeTest::Settings settings;
  settings.steps = arguments.integer("range-steps", 1, 100'000'000);
  settings.window = arguments.integer("range-window", 1, settings.steps);
  settings.threshold = arguments.real("range-threshold", 0, 1e6);
  settings.by_loss = arguments.choice("range-metric", {"accuracy", "loss"}) == "loss";
  if (!settings.by_loss && !common.has_accuracy)
    throw UserError("--range-metric", "accuracy needs classes, which the network does not tell apart",
                    "--range-metric loss");
  const std::int64_t needed = settings.steps * (common.max_bits - common.min_bits + 1);
  if (common.iterations < needed) {
    throw UserError("--iterations", fmt::format("is {}, the precisions of --bits take {}", common.iterations, needed),
                    fmt::format("--iterations {}", needed));
  }
  return settings;
}

}  // namespace

MethodEntry range_test_method() {
  using cli::OptionSpec;
  return entry_of<RangeTest>(
      "range-test", "tries every precision of --bits upwards and reports the lower bound for cpt (CPT, ICLR 2021)",
      {
          OptionSpec{"range-steps", "K", "200", "range-test: iterations at each precision"},
          OptionSpec{"range-window", "W", "50", "range-test: iterations that are averaged, the last of each K"},
          OptionSpec{"range-threshold", "D", "0.01", "range-test: rise of the mean that counts"},
          OptionSpec{"range-metric", "accuracy|loss", "accuracy", "range-test: what is averaged, of training"},
      },
      range_test_settings);
}

}  // namespace ldpsim::methods
