// SPDX-License-Identifier: Apache-2.0
#include "sim/core/random.hpp"

#include "frontend/data/batches.hpp"
#include "frontend/methods/method.hpp"

namespace ldpsim::methods {
namespace {

/// Table 2 of the LDP paper: during the first 90 of 160 epochs one precision for all layers is drawn anew every k
/// iterations; then the upper bound of --bits. A draw is a pure function of seed and k's multiple, so nothing needs to
/// be kept.
class RandomPrecision final : public Method {
 public:
  struct Settings {
    std::vector<int> choices{4, 6, 8};
    std::int64_t every = 100;
    bool gradients = false;  ///< drawn as well, as the paper's text has it; its costs fit gradients of constant bits
  };
  RandomPrecision(const MethodSettings& common, Settings settings) : common_(common), settings_(std::move(settings)) {}

  std::vector<Precision> precision(std::int64_t iteration) const override {
    if (iteration * kEpochs >= common_.iterations * kRandomEpochs)
      return uniform_precision(*common_.network, {common_.max_bits, common_.max_bits, common_.gradient_bits});
    Random random(data::derive_seed(common_.seed, data::Stream::kPrecision,
                                    static_cast<std::uint64_t>(iteration / settings_.every)));
    const int b = settings_.choices[static_cast<std::size_t>(
        random.between(0, static_cast<std::int64_t>(settings_.choices.size()) - 1))];
    return uniform_precision(*common_.network, {b, b, settings_.gradients ? b : common_.gradient_bits});
  }

 private:
  static constexpr std::int64_t kEpochs = 160, kRandomEpochs = 90;
  MethodSettings common_;
  Settings settings_;
};

RandomPrecision::Settings random_settings(const MethodSettings&, const cli::Arguments& arguments) {
  return {.choices = bits_list(arguments.text("choices"), "--choices"),
          .every = arguments.integer("draw-every", 1, 100'000'000),
          .gradients = arguments.choice("draw-gradients", {"on", "off"}) == "on"};
}

}  // namespace

MethodEntry random_method() {
  using cli::OptionSpec;
  return entry_of<RandomPrecision>(
      "random", "one precision for all layers, drawn every few iterations (table 2 of the LDP paper)",
      {
          OptionSpec{"draw-every", "K", "100", "random: iterations between draws"},
          OptionSpec{"choices", "B,B,...", "4,6,8", "random: precisions to draw from"},
          OptionSpec{"draw-gradients", "on|off", "off", "random: draw the bits of gradients, too"},
      },
      random_settings);
}

}  // namespace ldpsim::methods
