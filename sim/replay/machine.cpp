// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/machine.hpp"

namespace ldpsim {

Machine::Machine(ArchSpec arch)
    : arch_(std::move(arch)),
      array_(make_pe_array(arch_)),
      memory_(MemorySpec::of(arch_)),
      energy_(EnergyTable::of(arch_, *array_)),
      frequency_mhz_(arch_.real("clock.frequency_mhz")),
      rescales_per_group_(arch_.text("rescale") == "per_group"),
      zeros_(arch_.text("inserted_zeros") == "skip" ? InsertedZeros::kSkip : InsertedZeros::kCompute) {}

std::vector<Problem> Machine::lower(const Layer& layer, bool first_layer, Pass pass, std::int64_t batch,
                                    bool weight_scale_per_channel) const {
  std::vector<Problem> problems = ldpsim::lower(layer, pass, batch, zeros_, weight_scale_per_channel);
  for (Problem& problem : problems) {
    problem.first_layer = first_layer;
    problem.groups_at_once = array_->groups_at_once(problem);
  }
  return problems;
}

}  // namespace ldpsim
