// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>

#include "sim/replay/beyond_macs.hpp"
#include "sim/replay/schedule_cost.hpp"
#include "sim/results/table.hpp"

namespace ldpsim {

enum class Detail { kLayer, kPass, kTotal };
/// "layer", "pass" or "total"; throws UserError at --by otherwise.
Detail detail_of(const std::string& name);

/// A recorded run as the replay sees it.
struct ReplayRun {
  std::string name;  ///< of the trace
  Workload workload;
  BitsHistogram histogram;
  std::vector<LayerBits> final_bits;  ///< of the last iteration: inference
  std::int64_t iterations = 0;
  int static_bits = 8;
  std::vector<std::string> float_layers;  ///< layers that are float in some iteration
  int float_layer_bits = 8;
  std::shared_ptr<const Schedule> schedule;  ///< null if the run is not of a trace
  /// Operands for machines whose cycles depend on their values; null if there are none.
  std::shared_ptr<const ValueSource> values;
  bool activity = false;  ///< the energy of the PEs follows the bits of `values` (ActivityEstimator)

  static ReplayRun of(const std::string& name, const TraceReader& trace, Schedule schedule);
};

/// Costs of a run on one machine.
struct ReplayCosts {
  std::vector<Pass> passes;  ///< of training
  ScheduleCost training, static_training;
  /// Over a batch, and over one image.
  PassCost inference, inference_image, static_inference, static_inference_image;
  std::vector<BeyondPart> beyond, static_beyond;  ///< empty unless all three passes were asked for
};

/// `passes` are those of training; inference is forward alone whatever they are. If `pricing` does not remember, every
/// iteration of the schedule is simulated anew; the figures are the same.
ReplayCosts replay(Pricing& pricing, const ReplayRun& run, const std::vector<Pass>& passes);

/// Rows of one machine: the details asked for, and of training and inference, by schedule and static, the rows `total`.
/// The very last row is the total of training by schedule. Columns: labels, then cost_columns().
Table replay_table(const Machine& machine, const ReplayRun& run, const ReplayCosts& costs, Detail detail);

/// What `cost` saves of `fixed` in percent: cycles and energy.
std::array<Cell, 2> saving_cells(const Machine& machine, const PassCost& cost, const PassCost& fixed);
/// The same of whole training steps, with what they have beside multiply-accumulates; empty if that was not priced.
std::array<Cell, 2> step_saving_cells(const Machine& machine, PassCost cost, PassCost fixed,
                                      const std::vector<BeyondPart>& beyond,
                                      const std::vector<BeyondPart>& static_beyond);

/// Claimed beside realised savings of one machine: a row for training, one for inference over a batch and one over an
/// image.
Table saving_table(const Machine& machine, const ReplayRun& run, const ReplayCosts& costs);

/// What a reader must know of a machine: what it leaves out, what is assumed, process and area, the price of DRAM.
std::vector<std::string> machine_notes(const Machine& machine);
/// Where the values come from on which a machine's cycles depend, and what its intervals are; nothing if they do not.
std::vector<std::string> value_notes(const Machine& machine, const ReplayRun& run);
std::vector<std::string> run_notes(const ReplayRun& run);

/// Appends rows and notes; notes that are there already are not repeated. The columns are the same.
void append(Table& table, const Table& more);

}  // namespace ldpsim
