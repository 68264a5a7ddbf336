// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "frontend/methods/method.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::methods {
namespace {

/// Table 1 of the LDP paper: the network's three stages of blocks each have a precision of their own in each of three
/// spans of 30 of 160 epochs; afterwards, and in layers outside the stages, the upper bound of --bits.
class Staged final : public Method {
 public:
  Staged(const MethodSettings& common, std::vector<std::vector<int>> bits) : common_(common), bits_(std::move(bits)) {}

  /// Elsewhere the schedule would silently be a constant, or leave stages at the upper bound.
  void check() const override {
    const std::vector<Layer>& layers = common_.network->layers;
    const auto has = [&](std::size_t stage) {
      return std::any_of(layers.begin(), layers.end(),
                         [&](const Layer& layer) { return layer.name.starts_with(prefix(stage)); });
    };
    std::size_t stages = 0;
    while (has(stages)) ++stages;
    if (stages == 0) {
      throw UserError("--method",
                      fmt::format("'staged' needs stages of blocks, which {} has not", common_.network->name),
                      "networks that have: the ResNets for 32 x 32 images");
    }
    for (const std::vector<int>& span : bits_) {
      if (span.size() == stages) continue;
      throw UserError(
          "--stage-bits",
          fmt::format("a span has the bits of {} stages, {} has {}", span.size(), common_.network->name, stages),
          fmt::format("give {} in each span", stages));
    }
  }

  std::vector<Precision> precision(std::int64_t iteration) const override {
    const auto span = static_cast<std::size_t>(iteration * kEpochs / common_.iterations / kSpanEpochs);
    std::vector<Precision> all =
        uniform_precision(*common_.network, {common_.max_bits, common_.max_bits, common_.gradient_bits});
    if (span >= bits_.size()) return all;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string& name = common_.network->layers[i].name;
      for (std::size_t stage = 0; stage < bits_[span].size(); ++stage) {
        if (all[i].weight != 0 && name.starts_with(prefix(stage)))
          all[i].weight = all[i].activation = bits_[span][stage];
      }
    }
    return all;
  }

 private:
  static std::string prefix(std::size_t stage) { return fmt::format("stage{}.", stage + 1); }

  static constexpr std::int64_t kEpochs = 160, kSpanEpochs = 30;
  MethodSettings common_;
  std::vector<std::vector<int>> bits_;  ///< [span][stage]
};

std::vector<std::vector<int>> spans_of(const MethodSettings&, const cli::Arguments& arguments) {
  const std::string where = "--stage-bits";
  std::vector<std::vector<int>> spans;
  std::istringstream stream(arguments.text("stage-bits"));
  for (std::string part; std::getline(stream, part, '/');) spans.push_back(bits_list(part, where));
  if (spans.empty() || spans.size() > 5)
    throw UserError(where, fmt::format("has {} spans", spans.size()), "give 1 to 5, e.g. 4,4,4/6,6,6/8,8,8");
  return spans;
}

}  // namespace

MethodEntry staged_method() {
  return entry_of<Staged>(
      "staged", "fixed precision of each stage of blocks in each span of 30 of 160 epochs (table 1 of the LDP paper)",
      {cli::OptionSpec{"stage-bits", "B,B,B/...", "4,4,4/6,6,6/8,8,8",
                       "staged: bits of stages 1, 2, 3 in the first span, then in the next; afterwards the upper "
                       "bound of --bits"}},
      spans_of);
}

}  // namespace ldpsim::methods
