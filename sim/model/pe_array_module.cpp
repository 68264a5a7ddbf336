// SPDX-License-Identifier: Apache-2.0
#include "sim/model/pe_array_module.hpp"

namespace ldpsim {

void PeArrayModule::configure(const Walk& walk, FunctionalTask* task) {
  walk_ = &walk;
  task_ = task;
  busy_ = false;
  done_.cancel();
}

void PeArrayModule::start(Cycles now, Cycles cycles) {
  busy_ = true;
  ends_at_ = now + cycles;
  done_.notify(kernel_time(cycles));
}

void PeArrayModule::compute(Index index, std::int64_t steps, std::int64_t group) const {
  if (task_ == nullptr) return;
  for (std::int64_t step = 0; step < steps; ++step) {
    for (std::int64_t g = group; g < group + walk_->groups_at_once(); ++g) task_->compute(walk_->range(index, g));
    walk_->advance(index);
  }
}

}  // namespace ldpsim
