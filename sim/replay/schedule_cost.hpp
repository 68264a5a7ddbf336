// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "sim/replay/pricing.hpp"
#include "sim/trace/schedule.hpp"

namespace ldpsim {

/// What runs, apart from its precisions.
struct Workload {
  Network network;
  std::int64_t batch = 1;
  bool weight_scale_per_channel = false;  ///< backward-data has a scale group per output channel
};

/// Cost of one pass of one layer over a number of iterations.
struct ScheduledPass {
  std::size_t layer = 0;
  Pass pass = Pass::kForward;
  PassCost cost{};
  __int128 bit_operations = 0;  ///< macs x bits x bits
};

/// The bits that a layer had, summed over iterations, for their mean.
struct BitsSum {
  std::int64_t weight = 0, activation = 0, gradient = 0, iterations = 0;
};

struct ScheduleCost {
  std::vector<ScheduledPass> parts;  ///< by layer, then pass; passes that do not run are left out
  std::vector<BitsSum> bits;         ///< a layer each

  /// Sum of the parts of a layer and a pass; nullopt: of all.
  ScheduledPass sum(std::optional<std::size_t> layer, std::optional<Pass> pass) const;
  void add(const ScheduleCost& other);  ///< of the same workload and passes
};

/// Cost of a schedule: since layers are separated by barriers, that of its distinct (layer, bits) times how often they
/// occur. Histogram with an entry per layer of the network.
ScheduleCost price_schedule(Pricing& pricing, const Workload& workload, const BitsHistogram& histogram,
                            const std::vector<Pass>& passes);

/// Forward pass of one batch.
PassCost price_inference(Pricing& pricing, const Workload& workload, const std::vector<LayerBits>& bits);

/// The histogram of the same number of iterations at one precision.
BitsHistogram static_histogram(const BitsHistogram& histogram, int bits);

}  // namespace ldpsim
