// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>

#include "sim/model/accelerator.hpp"
#include "sim/replay/machine.hpp"

namespace ldpsim {

/// What one pass of one layer, or a sum of them, costs. Integers only: sums do not depend on the order of adding.
struct PassCost {
  std::int64_t macs = 0;  ///< of the layer, padding included, inserted zeros not (Layer::macs times batch)
  CycleStack stack;
  Cycles bound_cycles = 0;
  ActionCounts counts;

  Cycles cycles() const { return stack.total(); }
  Cycles compute_cycles() const { return stack[Cause::kCompute]; }
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
};

/// Prices passes on one machine: lowers, maps and simulates. Layers are separated by barriers, so costs add. Equal
/// questions (equal shape, whatever the layer's name, and equal bits of the pass's two operands) are simulated once,
/// unless `remember` is off.
class Pricing {
 public:
  /// Keeps references to both.
  Pricing(Accelerator& accelerator, const Machine& machine, bool remember = true)
      : accelerator_(&accelerator), machine_(&machine), remember_(remember) {}
  /// Throws UserError naming the layer if the machine cannot run it.
  PassCost price(const PassQuestion& question);
  const Machine& machine() const { return *machine_; }
  bool remembers() const { return remember_; }
  /// Simulations done so far.
  std::int64_t simulated() const { return simulated_; }

 private:
  using Key = std::array<std::int64_t, 19>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  static Key key_of(const PassQuestion& question, PassBits bits);
  PassCost simulate(const PassQuestion& question, PassBits bits);

  Accelerator* accelerator_;
  const Machine* machine_;
  bool remember_;
  std::int64_t simulated_ = 0;
  std::unordered_map<Key, PassCost, KeyHash> known_;
};

}  // namespace ldpsim
