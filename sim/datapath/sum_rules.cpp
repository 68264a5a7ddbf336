// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/sum_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

/// Pairs of an output and a tap along y (or x) that meet a real element.
std::int64_t valid_pairs(const Problem& p, bool along_y) {
  const std::int64_t outs = along_y ? p.out_height : p.out_width, taps = along_y ? p.kernel_height : p.kernel_width;
  std::int64_t pairs = 0;
  for (std::int64_t out = 0; out < outs; ++out) {
    for (std::int64_t tap = 0; tap < taps; ++tap) pairs += (along_y ? p.input_y(out, tap) : p.input_x(out, tap)) >= 0;
  }
  return pairs;
}

std::int64_t correction_adds(const Problem& p) {
  const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
  const std::int64_t valid = valid_pairs(p, true) * valid_pairs(p, false);
  const std::int64_t border = std::min(valid, windows * taps - valid);
  // weights of one scale are first summed over the channels, tap by tap; with a scale per channel every channel keeps
  // its own sums
  const std::int64_t sums_per_tap = p.scale_per_channel ? p.channels : 1;
  return p.batch * windows * p.reduction() + p.filters * (p.reduction() + border * sums_per_tap);
}

}  // namespace

SumRules SumRules::of(const ArchSpec& arch, std::int64_t lanes) {
  return {
      .accumulator = {.bits = static_cast<int>(arch.integer("accumulator.bits")),
                      .overflow = overflow_of(arch.text("accumulator.overflow"), arch.place_of("accumulator.overflow")),
                      .lanes = lanes},
      .rescales = arch.text("rescale") == "per_group"};
}

void check_sums(const std::string& machine, const SumRules& rules, const Problem& problem, PassBits bits) {
  for (const int width : {bits.moving, bits.stationary}) {
    if (width < 1 || width > 16) {
      throw UserError(
          machine,
          fmt::format("{} with operands of {} and {} bits", name_of(problem.pass), bits.moving, bits.stationary),
          "allowed: 1 to 16 bits");
    }
  }
  const AccumulatorSpec& accumulator = rules.accumulator;
  if (accumulator.overflow != Overflow::kSplit || products_that_fit(accumulator, bits) > 0) return;
  throw UserError(machine,
                  fmt::format("accumulator.bits {} cannot hold one product of {} x {} bits", accumulator.bits,
                              bits.moving, bits.stationary),
                  "raise accumulator.bits, or set accumulator.overflow to wrap or saturate");
}

ActionCounts sum_actions(const SumRules& rules, const Problem& problem, PassBits bits) {
  const bool one_channel = rules.one_channel_sums(problem);
  const std::int64_t outputs = problem.outputs() / problem.groups, sums = one_channel ? problem.channels : 1;
  ActionCounts counts;
  counts[Action::kCorrectionAdd] = correction_adds(problem);
  counts[Action::kRescale] = one_channel ? outputs * sums : 0;
  if (rules.accumulator.overflow == Overflow::kSplit) {
    counts[Action::kAccumulatorSpill] =
        outputs * sums * spills_per_output(rules.accumulator, bits, problem.reduction() / sums);
  }
  return counts;
}

}  // namespace ldpsim
