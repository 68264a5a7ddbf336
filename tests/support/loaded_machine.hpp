// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/datapath/builtin.hpp"
#include "sim/energy/energy_table.hpp"
#include "sim/mapping/tile_plan.hpp"

namespace ldpsim::test {

/// A machine out of arch_configs/ with some keys changed, and all that is built from it.
struct LoadedMachine {
  using Settings = std::vector<std::pair<std::string, std::string>>;
  ArchSpec arch;
  std::unique_ptr<PeArray> array;
  MemorySpec memory;
  EnergyTable energy;

  explicit LoadedMachine(const std::string& name, const Settings& settings = {})
      : arch(load(name, settings)),
        array(make_pe_array(arch)),
        memory(MemorySpec::of(arch)),
        energy(EnergyTable::of(arch, *array)) {}
  TilePlan map(const Problem& problem, PassBits bits) const {
    return map_problem(*array, memory, energy, problem, bits);
  }

 private:
  static ArchSpec load(const std::string& name, const Settings& settings) {
    register_builtin_pe_arrays();
    ArchSpec arch = load_arch(name);
    for (const auto& [key, value] : settings) arch.set(key, value, "test");
    return arch;
  }
};

}  // namespace ldpsim::test
