// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/loaded_machine.hpp"
#include "tests/support/machine.hpp"

namespace ldpsim::test {

/// A machine whose memory holds everything and delivers it in a cycle.
inline LoadedMachine machine_without_stalls(const std::string& name, LoadedMachine::Settings settings = {}) {
  settings.insert(settings.end(), {{"dram.bits_per_cycle", "1000000000"},
                                   {"buffers.weight_bytes", "1000000000"},
                                   {"buffers.activation_bytes", "1000000000"},
                                   {"buffers.output_bytes", "1000000000"}});
  return LoadedMachine(name, settings);
}

/// Simulated cycles of a group on such a machine in one tile, without the loading of the first operands and the writing
/// of the last results, which nothing can hide: a cycle each.
inline Cycles stall_free_cycles(const LoadedMachine& machine, const Problem& problem, PassBits bits) {
  const TilePlan plan =
      make_plan(*machine.array, machine.memory, problem, bits, loop_extents(problem), TilePlan{}.order);
  return test::machine().run(*machine.array, machine.memory, plan).stack.total() / problem.groups - 3;
}

}  // namespace ldpsim::test
