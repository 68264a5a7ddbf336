// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "tests/support/brick_twin.hpp"
#include "tests/support/random_operands.hpp"
#include "tests/support/random_problem.hpp"
#include "tests/support/stall_free.hpp"
#include "tests/support/tiles.hpp"

namespace ldpsim::test {

/// A problem with values on a machine of filters x windows x lanes that never stalls, sizes and rules of both at
/// random, planned in tiles of random size.
struct RandomBricks {
  std::int64_t filters, windows, lanes;
  bool per_group, folded;
  LoadedMachine machine;
  Problem problem;
  PassBits bits;
  RandomOperands operands;
  BrickShape shape;
  TilePlan plan;

  /// `settings` are the machine's other keys.
  RandomBricks(Random& random, const std::string& name, LoadedMachine::Settings settings, Problem of)
      : filters(random.between(1, 20)),
        windows(random.between(1, 16)),
        lanes(random.between(1, 16)),
        per_group(random.between(0, 1) != 0),
        folded(random.between(0, 1) != 0),
        machine(machine_without_stalls(name, with_sizes(std::move(settings)))),
        problem(std::move(of)),
        bits(signed_or_not(random)),
        operands(random, problem, bits, true),
        shape{filters, windows, lanes, per_group && problem.scale_per_channel,
              folded && problem.first_layer && problem.pass == Pass::kForward && problem.stride > 1},
        plan(make_plan(*machine.array, machine.memory, problem, bits,
                       random_tile(random, *machine.array, problem, bits), TilePlan{}.order)) {}

  ModelResult run() const {
    const auto values = machine.array->make_timing(problem, bits, operands.operands());
    return test::machine().run(*machine.array, machine.memory, plan, nullptr, {.values = values.get()});
  }

 private:
  LoadedMachine::Settings with_sizes(LoadedMachine::Settings settings) const {
    settings.insert(settings.end(), {{"array.filters", std::to_string(filters)},
                                     {"array.windows", std::to_string(windows)},
                                     {"array.lanes", std::to_string(lanes)},
                                     {"array.first_layer", folded ? "space_to_depth" : "plain"},
                                     {"rescale", per_group ? "per_group" : "free"}});
    return settings;
  }
  static PassBits signed_or_not(Random& random) {
    PassBits bits = random_bits(random);
    bits.moving_signed = random.between(0, 1) != 0;
    return bits;
  }
};

}  // namespace ldpsim::test
