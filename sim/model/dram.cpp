// SPDX-License-Identifier: Apache-2.0
#include "sim/model/memory_target.hpp"

namespace ldpsim {

void Dram::configure(const MemorySpec& memory) {
  bits_per_cycle_ = memory.dram_bits_per_cycle;
  latency_ = memory.dram_latency;
  free_at_ = -1;
}

void Dram::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const Cycles asked = kernel_cycles() + static_cast<Cycles>(delay.value());
  const Cycles data = ceil_div(payload.get_extension<TransferBits>()->bits, bits_per_cycle_);
  free_at_ = asked + (asked == free_at_ ? 0 : latency_) + data;
  delay += kernel_time(free_at_ - asked);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

}  // namespace ldpsim
