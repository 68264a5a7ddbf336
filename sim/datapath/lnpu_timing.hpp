// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/value_timing.hpp"
#include "sim/datapath/float_data.hpp"

namespace ldpsim {

/// How LNPU's lines share out the work.
struct LnpuRules {
  std::int64_t filters = 32;         ///< multipliers of a line, one filter each
  std::int64_t lines = 24;           ///< windows worked on at once
  bool flat_windows = false;         ///< windows of different samples share the lines
  bool balanced = false;             ///< the lines share the inputs of a whole tile instead of taking a window each
  std::int64_t zeros_per_cycle = 0;  ///< zeros that a line passes over in a cycle; 0: any number, for nothing
};

/// Cycles by zeros and formats. A line takes the inputs of its window one after the other and multiplies each with the
/// data of its filters that it meets: two inputs in a cycle where all of them are narrow, else one. Zero inputs, and
/// paddings, are passed over. The lines of a set wait for the slowest, unless the load balancer lets all lines end
/// together. Inputs worked on and skipped are counted as terms.
class LnpuTiming final : public ValueTiming {
 public:
  LnpuTiming(const Problem& problem, const LnpuRules& rules, FloatData moving, FloatData stationary)
      : p_(problem), rules_(rules), moving_(std::move(moving)), stationary_(std::move(stationary)) {}
  TileCost tile_cost(const TileRange& tile) override;

 private:
  /// Work of one line, in units of 1 / (2 * zeros_per_cycle) of a cycle (1/2 if zeros cost nothing).
  std::int64_t unit() const { return rules_.zeros_per_cycle > 0 ? rules_.zeros_per_cycle : 1; }
  /// Which places of the reduction meet a wide datum in filters first .. last-1.
  std::vector<char> wide_places(const TileRange& tile, std::int64_t first, std::int64_t last) const;

  Problem p_;
  LnpuRules rules_;
  FloatData moving_, stationary_;
};

}  // namespace ldpsim
