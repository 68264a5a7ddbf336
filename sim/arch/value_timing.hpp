// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/actions.hpp"
#include "sim/core/math.hpp"

namespace ldpsim {

struct TileRange;  // sim/datapath/functional.hpp

/// What the values of one tile make of it.
struct TileCost {
  Cycles compute = 0;    ///< cycles that the work takes if every part of the array has an equal share
  Cycles imbalance = 0;  ///< cycles on top of it, in which parts of the array wait for the slowest
  /// What the tile counts more (or, negative, less) than the plan does: terms, accesses for operands that are skipped,
  /// PEs that sleep. Array cycles of a tile that takes less time than planned are not in here: they follow from
  /// cycles().
  ActionCounts difference{};
  Cycles cycles() const { return compute + imbalance; }
};

/// The timing of a problem on an array whose cycles depend on the values of the operands.
///
/// Contract: pure, the same tile costs the same whenever it is asked for; at least one cycle a tile; never more cycles
/// than PeArray::tile_cycles, which is the worst case over all values.
class ValueTiming {
 public:
  virtual ~ValueTiming() = default;
  virtual TileCost tile_cost(const TileRange& tile) = 0;
  /// Whether tiles of one shape all cost the same and no tile has a difference, as with estimates; then repetitions of
  /// a steady state need not be simulated one by one, and groups are alike.
  virtual bool equal_for_equal_shapes() const { return false; }
};

}  // namespace ldpsim
