// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/validate/bench.hpp"
#include "sim/validate/target.hpp"

namespace ldpsim {

/// Compute cycles of the convolutions of a network over one image, on the bit-parallel baseline DaDianNao and on
/// Stripes.
struct StripesRun {
  double baseline = 0;
  double ideal = 0;  ///< of the baseline if every layer took bits / 16 of its cycles
  double stripes = 0;
};

/// Of `network` at the precisions of `profile` (empty: of its table), without any stall, a strided first layer
/// rearranged (space-to-depth) on both machines. Keys of the target: `machine`, `baseline`, and optionally
///   conv_groups: ignore       convolutions are taken as if they were not grouped
///   first_layer_factor: F     the first layer is charged F times its cycles
StripesRun run_stripes(const Target& target, Bench& bench, const std::string& network, const std::string& profile);

}  // namespace ldpsim
