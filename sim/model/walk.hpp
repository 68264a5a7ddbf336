// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "sim/datapath/functional.hpp"
#include "sim/mapping/tile_plan.hpp"

namespace ldpsim {

/// The order of a TilePlan's steps as the clocked modules need it: steps and blocks as plain numbers. Levels count the
/// loops from the outermost (0) to the innermost (4); block b of a tensor covers the steps [b*span, (b+1)*span).
class Walk {
 public:
  /// Throws InternalError if the plan contradicts itself (block counts, output reads).
  Walk(const PeArray& array, const MemorySpec& memory, const TilePlan& plan);

  std::int64_t steps() const { return steps_; }
  std::int64_t groups_at_once() const { return plan_->problem.groups_at_once; }
  std::int64_t trips(int level) const { return trips_[static_cast<std::size_t>(level)]; }
  /// Steps of one iteration of a level.
  std::int64_t iteration_steps(int level) const { return iteration_steps_[static_cast<std::size_t>(level)]; }
  std::int64_t span(Tensor t) const { return span_[static_cast<std::size_t>(t)]; }
  std::int64_t blocks(Tensor t) const { return steps_ / span(t); }
  std::int64_t block_bits(Tensor t) const { return plan_->block_bits[static_cast<std::size_t>(t)]; }
  /// First level inside a block: advancing a level below it (further out) leaves the block.
  int block_level(Tensor t) const { return block_level_[static_cast<std::size_t>(t)]; }
  /// Whether output block b is read before use: always, or because an earlier visit left partial sums in it.
  bool output_read(std::int64_t block) const;
  /// Whether the first iteration of this level differs from the others: in output reads, or in fill and drain.
  bool first_iteration_differs(int level) const;
  /// Cycles of the step at these indices (by level); edges are cut unless the array charges full tiles.
  Cycles step_cycles(const std::array<std::int64_t, kLoopCount>& index) const { return cost_at(index).compute; }
  /// Cycles of the step on top of that.
  TileOverhead step_overhead(const std::array<std::int64_t, kLoopCount>& index) const;
  /// Elements of the step at these indices, cut to the problem.
  TileRange range(const std::array<std::int64_t, kLoopCount>& index, std::int64_t group) const;
  /// Steps to the next indices; the outermost level that advanced, or -1 after the last step.
  int advance(std::array<std::int64_t, kLoopCount>& index) const;

 private:
  struct Cost {
    Cycles compute = -1;  ///< -1 = not asked for yet
    TileOverhead overhead;
  };
  const Cost& cost_at(const std::array<std::int64_t, kLoopCount>& index) const;

  const PeArray* array_;
  const TilePlan* plan_;
  bool always_read_;
  TileShape extent_;
  std::int64_t steps_ = 1;
  std::array<std::int64_t, kLoopCount> trips_{}, iteration_steps_{};
  std::array<std::int64_t, kTensorCount> span_{};
  std::array<int, kTensorCount> block_level_{};
  std::array<bool, kLoopCount> revisits_{};   ///< levels outside the output block that come back to the same outputs
  std::array<bool, kLoopCount> cut_{};        ///< levels whose last tile is smaller
  std::array<bool, kLoopCount> continued_{};  ///< levels along which fill and drain are charged once
  mutable std::array<Cost, 32> costs_{};      ///< by set of levels at their cut edge
};

}  // namespace ldpsim
