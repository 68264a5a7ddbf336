// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "sim/mapping/tile_plan.hpp"

namespace ldpsim {

MemorySpec MemorySpec::of(const ArchSpec& arch) {
  MemorySpec memory;
  memory.buffer_bits[static_cast<std::size_t>(Tensor::kStationary)] = 8 * arch.integer("buffers.weight_bytes");
  memory.buffer_bits[static_cast<std::size_t>(Tensor::kMoving)] = 8 * arch.integer("buffers.activation_bytes");
  memory.buffer_bits[static_cast<std::size_t>(Tensor::kOutput)] = 8 * arch.integer("buffers.output_bytes");
  memory.double_buffered = arch.flag("buffers.double_buffered");
  memory.dram_bits_per_cycle = arch.integer("dram.bits_per_cycle");
  memory.dram_latency = arch.integer("dram.latency_cycles");
  memory.output_word_bits = arch.integer("output.word_bits");
  memory.outputs_always_read = arch.flag("output.always_read");
  memory.dma_burst_bits = arch.integer("dma.burst_bits");
  memory.cycle_slack_ppm = std::llround(arch.real("mapping.cycle_slack_percent") * 1e4);
  return memory;
}

}  // namespace ldpsim
