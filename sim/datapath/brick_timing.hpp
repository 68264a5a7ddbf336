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

/// The steps of a tile in the order of the array: sample after sample, in each pallet after pallet, in each once for
/// every set of filters (`rounds`) brick after brick (as DNNsim's window-first dataflow).
class StepRounds {
 public:
  /// `steps` are the parts of one set of filters' steps, `samples` times equally many pallets of `bricks` steps.
  StepRounds(const std::vector<std::vector<Cycles>>& steps, std::int64_t samples, std::int64_t bricks,
             std::int64_t rounds)
      : steps_(steps),
        samples_(static_cast<std::size_t>(samples)),
        bricks_(static_cast<std::size_t>(bricks)),
        rounds_(rounds) {}
  std::size_t samples() const { return samples_; }
  template <typename Visit>
  void for_each(std::size_t sample, Visit visit) const {
    const std::size_t of_sample = steps_.size() / samples_;
    for (std::size_t pallet = sample * of_sample; pallet < (sample + 1) * of_sample; pallet += bricks_)
      for (std::int64_t round = 0; round < rounds_; ++round)
        for (std::size_t step = pallet; step < pallet + bricks_; ++step) visit(steps_[step]);
  }

 private:
  const std::vector<std::vector<Cycles>>& steps_;
  std::size_t samples_, bricks_;
  std::int64_t rounds_;
};

/// Cycles of a BrickArray by the codes that enter. All parts begin a step together, when the slowest has finished the
/// one before, unless a kind of array says otherwise (cycles_of). Of a tile's cycles, the mean over the parts in use is
/// its compute time; what the slowest take longer is imbalance.
class BrickTiming : public ValueTiming {
 public:
  TileCost tile_cost(const TileRange& tile) final;

 protected:
  /// `staggered_columns`: of a linear layer of one window a sample (StaggeredColumns); 0: none are.
  BrickTiming(const BrickWalk& walk, std::int64_t staggered_columns)
      : walk_(walk), staggered_columns_(staggered_columns) {}
  virtual StepCost cost_of(const BrickStep& step) const = 0;
  /// Cycles of all steps, unless columns are staggered.
  virtual Cycles cycles_of(const StepRounds& steps) const;

 private:
  /// What the codes of a tile come to, whatever its filters.
  struct Known {
    TileRange tile;
    std::vector<std::vector<Cycles>> steps;
    Cycles balanced = 0;  ///< sum over the steps of the mean over the parts
    std::int64_t terms = 0, skipped_terms = 0;
  };
  const Known& known(const TileRange& tile);
  Cycles staggered_cycles(const StepRounds& steps) const;

  BrickWalk walk_;
  std::int64_t staggered_columns_;
  std::optional<Known> last_;  ///< tiles that differ in filters alone are often neighbours
};

}  // namespace ldpsim
