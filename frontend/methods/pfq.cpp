// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/pfq.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/core/error.hpp"

namespace ldpsim::methods {
namespace {

constexpr std::size_t kWindow = 5;
constexpr std::int64_t kNormalisingLooks = 10;
constexpr std::size_t kDecays = 2;

}  // namespace

Pfq::Pfq(const MethodSettings& common, Settings settings)
    : common_(common), settings_(std::move(settings)), threshold_(settings_.threshold) {}

std::vector<Precision> Pfq::precision(std::int64_t) const {
  const int b = settings_.bits[stage_];
  return uniform_precision(*common_.network, {b, b, settings_.gradient_bits[stage_]});
}

void Pfq::after_step(std::int64_t iteration, double loss) {
  sum_ += loss;
  if ((iteration + 1) % settings_.every != 0) return;
  look_for_turning_point(sum_ / static_cast<double>(common_.iterations_per_epoch));
  sum_ = 0;
}

void Pfq::look_for_turning_point(double mean_loss) {
  ++looks_;
  if (looks_ <= kNormalisingLooks) normaliser_ += (mean_loss - normaliser_) / static_cast<double>(looks_);
  window_.push_back(mean_loss);
  if (window_.size() > kWindow) window_.pop_front();
  if (window_.size() < kWindow || stage_ + 1 == settings_.bits.size()) return;
  const bool level = std::all_of(window_.begin(), window_.end() - 1, [&](double earlier) {
    return std::abs(earlier - mean_loss) <= threshold_ * normaliser_;
  });
  if (!level) return;
  ++stage_;
  if (stage_ <= kDecays) threshold_ *= settings_.decay;
  window_.clear();
}

std::vector<double> Pfq::state() const {
  std::vector<double> state{static_cast<double>(stage_), sum_, normaliser_, static_cast<double>(looks_), threshold_};
  state.insert(state.end(), window_.begin(), window_.end());
  return state;
}

void Pfq::restore(std::span<const double> state) {
  if (state.size() < 5 || state.size() > 5 + kWindow || state[0] >= static_cast<double>(settings_.bits.size()))
    throw InternalError("state of method pfq has the wrong size");
  stage_ = static_cast<std::size_t>(state[0]);
  sum_ = state[1];
  normaliser_ = state[2];
  looks_ = static_cast<std::int64_t>(state[3]);
  threshold_ = state[4];
  window_.assign(state.begin() + 5, state.end());
}

namespace {

std::vector<int> stages_of(const MethodSettings& common, const cli::Arguments& arguments) {
  std::vector<int> stages = bits_list(arguments.text("stages"), "--stages");
  if (!std::is_sorted(stages.begin(), stages.end()))
    throw UserError("--stages", fmt::format("{} falls", arguments.text("stages")), "pfq goes up, e.g. 3,4,6,8");
  for (int& bits : stages) bits = std::clamp(bits, common.min_bits, common.max_bits);
  return stages;
}

}  // namespace

MethodEntry pfq_method() {
  using cli::OptionSpec;
  return {"pfq",
          "ever higher precision, a stage at a time, as the loss levels off (PFQ of FracTrain, NeurIPS 2020)",
          {
              OptionSpec{"stages", "B,B,...", "3,4,6,8", "pfq: bits of each stage, held within the bounds of --bits"},
              OptionSpec{"gradient-stages", "G,G,...", "", "pfq: bits of the gradients (default: --gradient-bits)"},
              OptionSpec{"turning-every", "N", "400", "pfq: iterations between looks at the loss"},
              OptionSpec{"turning-threshold", "E", "0.05", "pfq: largest relative change that counts as level"},
              OptionSpec{"turning-decay", "D", "0.3", "pfq: factor of the threshold at the first two turning points"},
          },
          [](const MethodSettings& common, const cli::Arguments& arguments) -> std::unique_ptr<Method> {
            Pfq::Settings settings;
            settings.bits = stages_of(common, arguments);
            settings.gradient_bits.assign(settings.bits.size(), common.gradient_bits);
            if (arguments.given("gradient-stages"))
              settings.gradient_bits = bits_list(arguments.text("gradient-stages"), "--gradient-stages");
            if (settings.gradient_bits.size() != settings.bits.size()) {
              throw UserError(
                  "--gradient-stages",
                  fmt::format("has {} stages, --stages has {}", settings.gradient_bits.size(), settings.bits.size()),
                  "give as many");
            }
            settings.every = arguments.integer("turning-every", 1, 100'000'000);
            settings.threshold = arguments.real("turning-threshold", 0, 1e6);
            settings.decay = arguments.real("turning-decay", 0, 1);
            return std::make_unique<Pfq>(common, settings);
          }};
}

}  // namespace ldpsim::methods
