// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "sim/replay/captured_operand.hpp"
#include "sim/replay/verify.hpp"

namespace ldpsim {

std::int64_t mismatches(std::span<const VerifiedPass> passes) {
  std::int64_t sum = 0;
  for (const VerifiedPass& pass : passes) sum += pass.mismatches;
  return sum;
}

Table verify_table(std::span<const VerifiedPass> passes) {
  Table table({"arch", "iteration", "layer", "pass", "weight_bits", "activation_bits", "gradient_bits", "macs",
               "cycles", "accumulators", "mismatches", "accumulator_bits", "accumulator_spills",
               "worst_relative_difference"});
  VerifiedPass total;
  for (const VerifiedPass& p : passes) {
    const OperandNames names = operands_of(p.pass);
    const auto bits_of = [&](const std::string& operand) -> Cell {
      if (operand == names.moving) return std::int64_t{p.bits.moving};
      if (operand == names.stationary) return std::int64_t{p.bits.stationary};
      return {};
    };
    table.add({p.arch, p.iteration, p.layer, std::string(name_of(p.pass)), bits_of("weight"), bits_of("activation"),
               bits_of("gradient"), p.macs, p.cycles, p.accumulators, p.mismatches, std::int64_t{p.accumulator_bits},
               p.spills, p.worst_relative ? Cell(*p.worst_relative) : Cell()});
    total.macs += p.macs;
    total.cycles += p.cycles;
    total.accumulators += p.accumulators;
    total.mismatches += p.mismatches;
    total.spills += p.spills;
    total.accumulator_bits = std::max(total.accumulator_bits, p.accumulator_bits);
    if (p.worst_relative) total.worst_relative = std::max(total.worst_relative.value_or(0), *p.worst_relative);
  }
  table.add({std::string("total"),
             {},
             {},
             {},
             {},
             {},
             {},
             total.macs,
             total.cycles,
             total.accumulators,
             total.mismatches,
             std::int64_t{total.accumulator_bits},
             total.spills,
             total.worst_relative ? Cell(*total.worst_relative) : Cell()});
  return table;
}

const std::vector<ColumnDoc>& verify_column_docs() {
  static const std::vector<ColumnDoc> kDocs{
      {"iteration", "", "the captured training iteration"},
      {"accumulators", "",
       "integer sums compared with the int64 reference: of products (one a scale group), of moving codes, of "
       "stationary "
       "codes over the taps that are not padding, and the number of those taps"},
      {"mismatches", "",
       "integer sums that differ from the reference, and results that differ from the trainer's by more than 1e-5"},
      {"accumulator_bits", "bit", "accumulator width that the sums of products really needed"},
      {"worst_relative_difference", "",
       "largest difference between a result and the trainer's, relative to the trainer's (or to a millionth of the "
       "tensor's largest, where it is smaller); empty if the trainer's results were not captured. Of machines that "
       "skip "
       "small values or work in floating point it tells what that does to results and is no mismatch"},
  };
  return kDocs;
}

}  // namespace ldpsim
