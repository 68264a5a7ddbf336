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
/// Values of a state before its window, which is filled up to its full length. Those of older versions have fewer, and
/// a window as long as it happens to be: they are shorter, which tells them apart.
constexpr std::size_t kHead = 7, kStateSize = kHead + kWindow, kOlderHead = 5;

}  // namespace

Pfq::Pfq(const MethodSettings& common, Settings settings)
    : common_(common), settings_(std::move(settings)), threshold_(settings_.threshold) {}

std::vector<Precision> Pfq::precision(std::int64_t iteration) const {
  const std::size_t stage = stage_ > 0 && iteration <= turned_at_ ? stage_ - 1 : stage_;
  const int b = settings_.bits[stage];
  return uniform_precision(*common_.network, {b, b, settings_.gradient_bits[stage]});
}

void Pfq::after_step(std::int64_t iteration, double loss) {
  sum_ += loss;
  if ((iteration + 1) % settings_.every != 0) return;
  look_for_turning_point(iteration, sum_ / static_cast<double>(common_.iterations_per_epoch));
  sum_ = 0;
}

void Pfq::look_for_turning_point(std::int64_t iteration, double mean_loss) {
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
  turned_at_ = iteration;
  if (stage_ <= kDecays) threshold_ *= settings_.decay;
  window_.clear();
}

std::vector<double> Pfq::state() const {
  std::vector<double> state{static_cast<double>(stage_),        sum_,       normaliser_,
                            static_cast<double>(looks_),        threshold_, static_cast<double>(turned_at_),
                            static_cast<double>(window_.size())};
  state.insert(state.end(), window_.begin(), window_.end());
  state.resize(kStateSize);
  return state;
}

void Pfq::restore(std::span<const double> state) {
  const bool older = state.size() >= kOlderHead && state.size() <= kOlderHead + kWindow;
  if (!(older || state.size() == kStateSize) || state[0] >= static_cast<double>(settings_.bits.size()))
    throw InternalError("state of method pfq has the wrong size");
  stage_ = static_cast<std::size_t>(state[0]);
  sum_ = state[1];
  normaliser_ = state[2];
  looks_ = static_cast<std::int64_t>(state[3]);
  threshold_ = state[4];
  turned_at_ = older ? -1 : static_cast<std::int64_t>(state[5]);
  const std::span<const double> window =
      older ? state.subspan(kOlderHead) : state.subspan(kHead, std::min(kWindow, static_cast<std::size_t>(state[6])));
  window_.assign(window.begin(), window.end());
}

namespace {

std::vector<int> stages_of(const MethodSettings& common, const cli::Arguments& arguments) {
  std::vector<int> stages = bits_list(arguments.text("stages"), "--stages");
  if (!std::is_sorted(stages.begin(), stages.end()))
    throw UserError("--stages", fmt::format("{} falls", arguments.text("stages")), "pfq goes up, e.g. 3,4,6,8");
  if (!arguments.given("stages") && stages.back() < common.max_bits) {
    throw UserError(
        "--stages",
        fmt::format("is missing: {} ends below the {} bits of --bits", arguments.text("stages"), common.max_bits),
        "name them, e.g. --stages 8,10,12,16");
  }
  for (int& bits : stages) bits = std::clamp(bits, common.min_bits, common.max_bits);
  return stages;
}

Pfq::Settings pfq_settings(const MethodSettings& common, const cli::Arguments& arguments) {
  Pfq::Settings settings;
  settings.bits = stages_of(common, arguments);
  settings.gradient_bits.assign(settings.bits.size(), common.gradient_bits);
  if (arguments.given("gradient-stages"))
    settings.gradient_bits = bits_list(arguments.text("gradient-stages"), "--gradient-stages");
  if (settings.gradient_bits.size() != settings.bits.size()) {
    throw UserError("--gradient-stages",
                    fmt::format("has {} stages, --stages has {}", settings.gradient_bits.size(), settings.bits.size()),
                    "give as many");
  }
  settings.every = arguments.integer("turning-every", 1, 100'000'000);
  settings.threshold = arguments.real("turning-threshold", 0, 1e6);
  settings.decay = arguments.real("turning-decay", 0, 1);
  return settings;
}

}  // namespace

MethodEntry pfq_method() {
  using cli::OptionSpec;
  return entry_of<Pfq>(
      "pfq", "ever higher precision, a stage at a time, as the loss levels off (PFQ of FracTrain, NeurIPS 2020)",
      {
          OptionSpec{"stages", "B,B,...", "3,4,6,8", "pfq: bits of each stage, held within the bounds of --bits"},
          OptionSpec{"gradient-stages", "G,G,...", "", "pfq: bits of the gradients (default: --gradient-bits)"},
          OptionSpec{"turning-every", "N", "400",
                     "pfq: iterations between looks at the loss; for ImageNet an epoch's were published, 5005 of "
                     "resnet18, 1251 of deit-tiny"},
          OptionSpec{"turning-threshold", "E", "0.05", "pfq: largest relative change that counts as level"},
          OptionSpec{"turning-decay", "D", "0.3", "pfq: factor of the threshold at the first two turning points"},
      },
      pfq_settings);
}

}  // namespace ldpsim::methods
