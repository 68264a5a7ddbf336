// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <unordered_map>

#include "sim/model/accelerator.hpp"
#include "sim/replay/activity.hpp"
#include "sim/replay/machine.hpp"
#include "sim/replay/value_estimate.hpp"

namespace ldpsim {

/// What one pass of one layer, or a sum of them, costs. Integers only: sums do not depend on the order of adding.
struct PassCost {
  Total macs = 0;  ///< of the layer, padding included, inserted zeros not (Layer::macs times batch)
  CycleStackTotal stack;
  Total bound_cycles = 0;
  ActionTotals counts;

  /// Where cycles depend on operands' values they are estimated from captured operands, and `low` and `high` are the
  /// ends of the 95 % confidence interval; else both are the cost itself. In a sum the ends are added, as if all
  /// estimates erred to the same side.
  struct End {
    Total cycles = 0;
    ActionTotals counts;
    bool operator==(const End&) const = default;
  };
  End low, high;
  bool estimated = false;    ///< some part is an estimate
  bool has_interval = true;  ///< every estimated part has an interval
  /// Captured iterations that the weakest of the estimated parts rests on.
  std::int64_t captures = std::numeric_limits<std::int64_t>::max();

  Total cycles() const { return stack.total(); }
  Total compute_cycles() const { return stack[Cause::kCompute]; }
  PassCost& operator+=(const PassCost& other);
  PassCost& operator*=(std::int64_t times);
  bool operator==(const PassCost&) const = default;
};

/// One pass of one layer at given bits, as a question to a machine.
struct PassQuestion {
  Layer layer;
  bool first_layer = false;
  Pass pass = Pass::kForward;
  LayerBits bits{};
  std::int64_t batch = 1;
  bool weight_scale_per_channel = false;
  std::size_t layer_index = 0;  ///< in the network, for machines whose cycles depend on values
};

/// Prices passes on one machine: lowers, maps and simulates. Layers are separated by barriers, so costs add. Equal
/// questions (equal shape, whatever the layer's name, and equal bits of the pass's two operands) are simulated once,
/// unless `remember` is off; on a machine whose cycles depend on values, every layer has its own.
class Pricing {
 public:
  /// Keeps references to all. `values`: where operands come from, if the machine's cycles depend on them, or if
  /// `activity` asks that the energy of its PEs follow their bits.
  Pricing(Accelerator& accelerator, const Machine& machine, bool remember = true, const ValueSource* values = nullptr,
          bool activity = false);
  /// Prices the worst case over all values, if cycles depend on them.
  static Pricing worst_case(Accelerator& accelerator, const Machine& machine);
  /// Throws UserError naming the layer if the machine cannot run it, or if its cycles depend on values and there are
  /// none.
  PassCost price(const PassQuestion& question);
  const Machine& machine() const { return *machine_; }
  bool remembers() const { return remember_; }
  /// Simulations done so far.
  std::int64_t simulated() const { return simulated_; }

 private:
  using Key = std::array<std::int64_t, 20>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  Key key_of(const PassQuestion& question, PassBits bits) const;
  PassCost simulate(const PassQuestion& question, PassBits bits);
  /// Throws UserError where a pass would not fit 64 bits.
  void check_size(const PassQuestion& question) const;
  void add_exact(PassCost& cost, const TilePlan& plan);
  void add_estimated(PassCost& cost, const TilePlan& plan, const ValueEstimate& estimate);
  ModelResult run_share(const TilePlan& plan, const ValueEstimate& estimate, double share);

  Accelerator* accelerator_;
  const Machine* machine_;
  bool remember_;
  std::unique_ptr<ValueEstimator> estimator_;    ///< null if the machine needs none, or there are no values
  std::unique_ptr<ActivityEstimator> activity_;  ///< null if energy does not follow the operands' bits
  bool at_worst_ = false;
  std::int64_t simulated_ = 0;
  std::unordered_map<Key, PassCost, KeyHash> known_;
};

}  // namespace ldpsim
