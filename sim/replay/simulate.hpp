// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/replay/schedule_cost.hpp"
#include "sim/results/table.hpp"

namespace ldpsim {

/// One training step (or the passes asked for) at fixed bits, a layer each: a row for each layer and pass, and the row
/// `total`. Columns: labels, then cost_columns().
Table simulate_table(Pricing& pricing, const Workload& workload, const std::vector<LayerBits>& bits,
                     const std::vector<Pass>& passes);

}  // namespace ldpsim
