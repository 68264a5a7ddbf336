// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/arch/pe_array.hpp"
#include "sim/datapath/brick_walk.hpp"
#include "sim/datapath/staggered_columns.hpp"
#include "sim/datapath/sum_rules.hpp"

namespace ldpsim {

/// Filters, windows and values of the reduction that a BrickArray works on at once.
struct BrickShape {
  std::int64_t filters = 1, windows = 1, lanes = 1;
};

/// Steps of one group of a problem on a BrickArray.
struct BrickSteps {
  std::int64_t filter_sets = 1;  ///< of `filters` filters
  std::int64_t pallets = 1;      ///< of `windows` windows, over the batch
  std::int64_t bricks = 1;       ///< of `lanes` values of the reduction
  std::int64_t total() const { return filter_sets * pallets * bricks; }
};

/// DaDianNao, Stripes and their relatives: filters x windows x lanes. A *step* multiplies a brick (up to `lanes` values
/// of the reduction) of a pallet (`windows` windows) with the same brick of `filters` filters; what the machines differ
/// in is the cycles of a step. Here are the steps of all three passes, the tiles that cut them without loss, buffers
/// and their accesses.
///
/// Forward and backward-data: windows of one sample in row-major order fill the columns, across row ends; channels fill
/// the lanes tap by tap; groups of few channels share lanes and filters (array.groups). Backward-weight: a matrix
/// product, its windows (channels x taps of the layer) and its reduction (samples x positions) flat. Linear layers of
/// one window a sample may stagger the columns (array.linear_columns).
class BrickArray : public PeArray {
 public:
  const std::string& kind() const override { return kind_; }
  std::int64_t pes() const override { return filters_ * windows_; }
  void check(const Problem& problem, PassBits bits) const override { check_sums(machine_, sums_, problem, bits); }
  bool charges_full_tiles() const override { return false; }
  Cycles fill_cycles() const override { return 0; }
  Cycles drain_cycles() const override { return 0; }
  /// Of staggered columns the work without the tails, which are in tile_overhead; with them, once a tile and a sample,
  /// if cycles depend on values.
  Cycles closed_form_cycles(const Problem& problem, PassBits bits) const override;
  bool tiles_add_up() const override { return !staggers_ || !value_dependent(); }
  bool has_tile_overhead() const override { return staggers_ && !value_dependent(); }
  /// The tails of staggered columns: the last of a sample's columns is waited for, once a sample.
  TileOverhead tile_overhead(const Problem& problem, PassBits bits, const TileShape& tile) const override;
  /// Staggered columns run on from tile to tile.
  std::array<bool, kLoopCount> continued_loops(const Problem& problem, PassBits bits,
                                               const TileShape& tile) const override;
  std::int64_t groups_at_once(const Problem& problem) const override;
  std::array<std::vector<std::int64_t>, kLoopCount> tile_choices(const Problem& problem, PassBits bits) const override;
  /// Tiles that leave columns or lanes idle at their edges: backward-weight of large maps whose positions do not fill
  /// whole bricks.
  std::array<std::vector<std::int64_t>, kLoopCount> last_resort_choices(const Problem& problem,
                                                                        PassBits bits) const override;
  /// Tiles are cut where all columns and all lanes are in use, so that cutting costs no cycles: whole pallets of
  /// windows, whole bricks of the reduction, or everything.
  bool tile_allowed(const Problem& problem, PassBits bits, const TileShape& tile) const override;
  Cycles tile_cycles(const Problem& problem, PassBits bits, const TileShape& tile) const override {
    return closed_form_cycles(part(problem, tile), bits);
  }
  std::array<std::int64_t, kTensorCount> tile_bits(const Problem& problem, PassBits bits,
                                                   const TileShape& tile) const override;
  /// The stationary operand is read once for every pallet and stays in registers for the cycles of a step; the moving
  /// one is read once for every set of filters; sums stay in the array for the whole tile.
  BufferAccesses accesses(const Problem& problem, PassBits bits, const TileShape& tile) const override;
  ActionCounts overhead_actions(const Problem& problem, PassBits bits) const override {
    ActionCounts counts = sum_actions(sums_, problem, bits);
    return counts *= problem.groups_at_once;
  }

 protected:
  /// Reads the keys of brick_parameters(), and array.linear_columns where the kind has it.
  explicit BrickArray(const ArchSpec& arch);
  /// Reads array.first_layer and array.operand_storage alone.
  BrickArray(const ArchSpec& arch, BrickShape shape);
  virtual Cycles step_cycles(const Problem& problem, PassBits bits) const = 0;
  /// What the array works on at once, for arrays that arrange themselves anew for a pass or a precision.
  virtual BrickShape shape(const Problem&, PassBits) const { return {filters_, windows_, lanes_}; }
  /// Multiples at which tiles may be cut without costing cycles.
  virtual BrickShape cut(const Problem& problem, PassBits bits) const { return shape(problem, bits); }
  /// Whether windows of different samples share a pallet.
  virtual bool windows_are_flat(const Problem& problem) const { return problem.pass == Pass::kBackwardWeight; }

  /// Whether this problem's columns are staggered.
  bool staggers(const Problem& problem) const;

  /// `bits` matter to arrays whose shape depends on them.
  BrickSteps steps(const Problem& problem, PassBits bits = {}) const;
  std::int64_t stored(int bits) const { return packed_ ? bits : 16; }
  /// The same steps one by one, for arrays that look at what enters.
  BrickRules rules(const Problem& problem) const {
    return {.filters = filters_,
            .windows = windows_,
            .lanes = lanes_,
            .space_to_depth = uses_space_to_depth(problem),
            .one_channel_sums = runs_channel_by_channel(problem),
            .groups_at_once = problem.groups_at_once};
  }
  bool uses_space_to_depth(const Problem& problem) const {
    return space_to_depth_ && problem.first_layer && problem.pass == Pass::kForward && problem.stride > 1;
  }
  /// Whether a brick holds taps of one channel. Groups side by side of one channel each have their sums apart anyhow.
  bool runs_channel_by_channel(const Problem& problem) const {
    return sums_.one_channel_sums(problem) && problem.groups_at_once == 1;
  }
  /// The problem that a tile is by itself.
  static Problem part(const Problem& problem, const TileShape& tile);

  std::int64_t filters_, windows_, lanes_;
  SumRules sums_;
  std::int64_t word_bits_;  ///< of a partial sum or result

 private:
  /// The steps of one sample on staggered columns.
  StaggeredSteps sample_steps(const Problem& problem, PassBits bits) const;
  /// Whether the tiles that a tile's cuts make take as many rounds of staggered columns as the uncut problem.
  bool keeps_rounds(const Problem& problem, PassBits bits, const TileShape& tile) const;

  std::string kind_, machine_;
  bool space_to_depth_, packed_, shares_lanes_ = false, staggers_ = false;
};

/// Keys that every BrickArray has, with the defaults of one: array.filters, array.windows, array.lanes,
/// array.first_layer, array.groups, array.operand_storage.
std::vector<Parameter> brick_parameters(std::int64_t filters, std::int64_t windows, std::int64_t lanes,
                                        const std::string& operand_storage);
/// array.linear_columns, of the arrays with several serial columns.
Parameter linear_columns_parameter();

}  // namespace ldpsim
