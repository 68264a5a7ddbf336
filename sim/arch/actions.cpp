// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/actions.hpp"

namespace ldpsim {

std::span<const ActionDoc> action_docs() {
  static constexpr std::array<ActionDoc, kActionCount> kDocs{{
      {Action::kArrayCycle, "array_pe_cycles", "PE-cycle",
       "cycles in which a PE of the array works, summed over the PEs"},
      {Action::kWeightBufferRead, "weight_buffer_read_bits", "bit", "stationary operand read by the array"},
      {Action::kWeightBufferWrite, "weight_buffer_write_bits", "bit", "stationary operand written by the DMA"},
      {Action::kActivationBufferRead, "activation_buffer_read_bits", "bit", "moving operand read by the array"},
      {Action::kActivationBufferWrite, "activation_buffer_write_bits", "bit", "moving operand written by the DMA"},
      {Action::kOutputBufferRead, "output_buffer_read_bits", "bit", "partial sums and results read"},
      {Action::kOutputBufferWrite, "output_buffer_write_bits", "bit", "partial sums and results written"},
      {Action::kRegister, "register_bits", "bit", "operand registers written"},
      {Action::kDramRead, "dram_read_bits", "bit", "read from DRAM"},
      {Action::kDramWrite, "dram_write_bits", "bit", "written to DRAM"},
      {Action::kCorrectionAdd, "correction_adds", "operation", "additions that form the sums of codes"},
      {Action::kRescale, "rescale_operations", "operation", "multiply-adds between scale groups"},
      {Action::kAccumulatorSpill, "accumulator_spills", "operation",
       "partial sums drained for want of accumulator bits"},
      {Action::kTerm, "terms", "term",
       "terms (bits or codes of an operand, as the machine's kind says) worked on, where cycles depend on values"},
      {Action::kSkippedTerm, "skipped_terms", "term",
       "terms not worked on because of their value, where cycles depend on values"},
      {Action::kVectorOperation, "vector_operations", "operation",
       "operations of the vector unit, of the rows update and vector"},
      {Action::kTableAdd, "table_adds", "operation", "additions that build look-up tables"},
      {Action::kTableWrite, "table_write_bits", "bit", "entries written to look-up tables"},
      {Action::kQuietCycle, "quiet_pe_cycles", "PE-cycle",
       "PE-cycles whose energy the operands' zero and unchanging bits save against uniform ones (--activity operands); "
       "negative: their bits change more often"},
  }};
  return kDocs;
}

}  // namespace ldpsim
