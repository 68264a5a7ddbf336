// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/beyond_macs.hpp"

#include <algorithm>

namespace ldpsim {
namespace {

// Operations of the documented model, an element each.
constexpr std::int64_t kUpdateOperations = 5, kForwardOperations = 7, kBackwardOperations = 9;

BeyondWork& operator+=(BeyondWork& sum, const BeyondWork& more) {
  sum.operations += more.operations;
  sum.read_bits += more.read_bits;
  sum.write_bits += more.write_bits;
  return sum;
}

BeyondWork update_work(std::int64_t weights, const LayerBits& bits, std::int64_t word_bits, const VectorUnit& unit) {
  return {.operations = weights * kUpdateOperations,
          .read_bits = weights * (word_bits + unit.master_bits + unit.state_bits),
          .write_bits = weights * (unit.master_bits + unit.state_bits + bits.weight)};
}

BeyondWork layout_work(std::int64_t elements, int bits) {
  return {.operations = elements, .read_bits = elements * bits, .write_bits = elements * bits};
}

/// Inputs and outputs are those of the whole batch.
BeyondWork vector_work(std::int64_t inputs, std::int64_t outputs, bool normalised, const LayerBits& bits,
                       std::int64_t word_bits) {
  if (!normalised) {
    return {.operations = 2 * outputs + inputs,
            .read_bits = 2 * outputs * word_bits,
            .write_bits = inputs * bits.activation + outputs * bits.gradient};
  }
  const BeyondWork forward{.operations = outputs * kForwardOperations,
                           .read_bits = 2 * outputs * word_bits,
                           .write_bits = inputs * bits.activation};
  BeyondWork both{.operations = outputs * kBackwardOperations,
                  .read_bits = (2 * 2 + 1) * outputs * word_bits,
                  .write_bits = outputs * (word_bits + bits.gradient)};
  return both += forward;
}

}  // namespace

const char* name_of(Beyond part) { return part == Beyond::kUpdate ? "update" : "vector"; }

VectorUnit VectorUnit::of(const ArchSpec& arch) {
  return {.lanes = arch.integer("vector.lanes"),
          .master_bits = arch.integer("vector.master_bits"),
          .state_bits = arch.integer("vector.state_bits"),
          .transposes = arch.flag("vector.transposes")};
}

BeyondWork beyond_work(const Layer& layer, bool first_layer, Beyond part, const LayerBits& bits, std::int64_t batch,
                       std::int64_t word_bits, const VectorUnit& unit) {
  const bool has_weights = layer.kind != LayerKind::kMatmul;
  const std::int64_t weights = has_weights ? layer.weight_elements() : 0;
  if (part == Beyond::kUpdate) return update_work(weights, bits, word_bits, unit);
  const std::int64_t inputs = batch * layer.input_elements(), outputs = batch * layer.output_elements();
  BeyondWork work = vector_work(inputs, outputs, layer.quantised && has_weights, bits, word_bits);
  if (!unit.transposes) return work;
  if (!first_layer) work += layout_work(weights, bits.weight);
  work += layout_work(inputs, bits.activation);
  return work += layout_work(outputs, bits.gradient);
}

PassCost price_beyond(const BeyondWork& work, const MemorySpec& memory, const VectorUnit& unit) {
  PassCost cost;
  const Cycles unit_cycles = ceil_div(work.operations, unit.lanes);
  const Cycles dram_cycles = ceil_div(work.read_bits + work.write_bits, memory.dram_bits_per_cycle);
  cost.stack[Cause::kCompute] = unit_cycles;
  cost.stack[Cause::kDramStall] = std::max<Cycles>(0, dram_cycles - unit_cycles);
  cost.bound_cycles = std::max(unit_cycles, dram_cycles);
  cost.counts[Action::kVectorOperation] = work.operations;
  cost.counts[Action::kDramRead] = work.read_bits;
  cost.counts[Action::kDramWrite] = work.write_bits;
  cost.counts[Action::kOutputBufferRead] = cost.counts[Action::kOutputBufferWrite] = work.read_bits + work.write_bits;
  cost.low = cost.high = {cost.cycles(), cost.counts};
  return cost;
}

std::vector<BeyondPart> price_beyond(const Machine& machine, const Workload& workload, const BitsHistogram& histogram) {
  const VectorUnit unit = VectorUnit::of(machine.arch());
  std::vector<BeyondPart> parts;
  for (std::size_t i = 0; i < workload.network.layers.size(); ++i) {
    const bool first = reads_network_input(workload.network, i);
    for (const Beyond kind : kAllBeyond) {
      BeyondPart part{.layer = i, .part = kind};
      for (const BitsCount& entry : histogram[i]) {
        const BeyondWork work = beyond_work(workload.network.layers[i], first, kind, entry.bits, workload.batch,
                                            machine.memory().output_word_bits, unit);
        PassCost cost = price_beyond(work, machine.memory(), unit);
        part.cost += cost *= entry.iterations;
      }
      parts.push_back(part);
    }
  }
  return parts;
}

PassCost sum_of(const std::vector<BeyondPart>& parts, std::optional<Beyond> part) {
  PassCost sum;
  for (const BeyondPart& each : parts) {
    if (!part || each.part == *part) sum += each.cost;
  }
  return sum;
}

}  // namespace ldpsim
