// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "sim/arch/actions.hpp"
#include "sim/arch/arch_spec.hpp"
#include "sim/datapath/functional.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

/// What a machine does with integer sums, whatever its kind of array; read once out of an ArchSpec.
struct SumRules {
  AccumulatorSpec accumulator;
  bool rescales = false;  ///< rescale: per_group
  /// `lanes`: products that the array adds at once.
  static SumRules of(const ArchSpec& arch, std::int64_t lanes);

  /// Whether an integer sum may run over the taps of one channel only, and the array is charged for that.
  bool one_channel_sums(const Problem& problem) const { return rescales && problem.scale_per_channel; }
};

/// Throws UserError naming `machine` if the bits are not 1..16, or sums are to be split but not even one product fits
/// the accumulator.
void check_sums(const std::string& machine, const SumRules& rules, const Problem& problem, PassBits bits);

/// Of one whole group:
///  - correction sums: the moving codes of every window are added once (all filters share the sum), the stationary
///  codes of every
///    filter once (all windows share it), and windows that meet padding add or subtract their filter's codes tap by
///    tap;
///  - a rescaling multiply-add for every output and channel if sums end with the channel;
///  - a spill for every partial sum that a split adds.
ActionCounts sum_actions(const SumRules& rules, const Problem& problem, PassBits bits);

}  // namespace ldpsim
