// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "sim/arch/pe_array.hpp"
#include "sim/energy/energy_table.hpp"
#include "sim/mapping/tile_plan.hpp"

namespace ldpsim {

/// A machine ready to be asked for costs: everything that is looked up by name is looked up here, once.
class Machine {
 public:
  /// Throws UserError if the array or the energy table cannot be made from `arch`.
  explicit Machine(ArchSpec arch);

  const ArchSpec& arch() const { return arch_; }
  const PeArray& array() const { return *array_; }
  const MemorySpec& memory() const { return memory_; }
  const EnergyTable& energy() const { return energy_; }
  bool rescales_per_group() const { return rescales_per_group_; }
  double seconds(Total cycles) const { return static_cast<double>(cycles) / (frequency_mhz_ * 1e6); }

  /// The problems that this machine runs for one pass of a layer over `batch` samples. With `weight_scale_per_channel`,
  /// backward-data has scale groups, for which a machine that rescales per group is charged.
  std::vector<Problem> lower(const Layer& layer, bool first_layer, Pass pass, std::int64_t batch,
                             bool weight_scale_per_channel) const;
  /// Everything of the machine that its costs and their place in tables depend on, as text: the machine's part of a
  /// content key.
  std::string canonical() const { return arch_.canonical() + energy_.canonical(); }

 private:
  ArchSpec arch_;
  std::unique_ptr<PeArray> array_;
  MemorySpec memory_;
  EnergyTable energy_;
  double frequency_mhz_;
  bool rescales_per_group_;
  InsertedZeros zeros_;
};

}  // namespace ldpsim
