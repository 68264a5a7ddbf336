// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "sim/arch/value_timing.hpp"
#include "sim/datapath/brick_walk.hpp"

namespace ldpsim {

/// What the codes of one step make of it.
struct StepCost {
  std::vector<Cycles> parts;  ///< of every part of the array that has work, each at least 1
  std::int64_t terms = 0, skipped_terms = 0;
};

/// Cycles of a BrickArray by the codes that enter. All parts begin a step together, when the slowest has finished the
/// one before, unless a kind of array says otherwise (cycles_of). Of a tile's cycles, the mean over the parts in use is
/// its compute time; what the slowest take longer is imbalance.
class BrickTiming : public ValueTiming {
 public:
  TileCost tile_cost(const TileRange& tile) final;

 protected:
  explicit BrickTiming(const BrickWalk& walk) : walk_(walk) {}
  virtual StepCost cost_of(const BrickStep& step) const = 0;
  /// Cycles of one set of filters' steps, `rounds` times over; `steps` are their parts in the order of walking,
  /// `samples` of equally many steps.
  virtual Cycles cycles_of(const std::vector<std::vector<Cycles>>& steps, std::int64_t samples,
                           std::int64_t rounds) const;

 private:
  /// What the codes of a tile come to, whatever its filters.
  struct Known {
    TileRange tile;
    std::vector<std::vector<Cycles>> steps;
    Cycles balanced = 0;  ///< sum over the steps of the mean over the parts
    std::int64_t terms = 0, skipped_terms = 0;
  };
  const Known& known(const TileRange& tile);

  BrickWalk walk_;
  std::optional<Known> last_;  ///< tiles that differ in filters alone are often neighbours
};

}  // namespace ldpsim
