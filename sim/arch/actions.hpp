// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sim/core/math.hpp"

namespace ldpsim {

/// What a machine does and what an energy table prices. Counting and pricing are separate: models count, tables price.
enum class Action : std::size_t {
  kArrayCycle,             ///< PE-cycles in which a PE of the array works (cycles x PEs for an array without gating)
  kWeightBufferRead,       ///< bits read from the stationary operand's buffer by the array
  kWeightBufferWrite,      ///< bits written to it by the DMA
  kActivationBufferRead,   ///< bits read from the moving operand's buffer by the array
  kActivationBufferWrite,  ///< bits written to it by the DMA
  kOutputBufferRead,       ///< bits of partial sums and results read (by the array, and by the DMA on spilling)
  kOutputBufferWrite,      ///< bits of partial sums and results written (by the array, and by the DMA on filling)
  kRegister,               ///< bits written to operand registers beside the PEs
  kDramRead,               ///< bits
  kDramWrite,              ///< bits
  kCorrectionAdd,          ///< additions that form the sums of codes (value = code*scale + offset needs them)
  kRescale,           ///< multiply-adds that bring an integer partial sum of one scale group into the wide accumulator
  kAccumulatorSpill,  ///< partial sums drained because the next one would not fit the accumulator (overflow: split)
  kTerm,              ///< value-dependent arrays: terms (essential bits, or whole codes) that were worked on
  kSkippedTerm,       ///< and terms that were skipped because of their value
  kVectorOperation,   ///< operations of the vector unit: what training does beside its multiply-accumulates
  kTableAdd,          ///< additions that build look-up tables
  kTableWrite,        ///< bits written to look-up tables
  kQuietCycle,  ///< PE-cycles whose energy zero and unchanging operand bits save against uniform bits; may be negative
  kCount
};
inline constexpr std::size_t kActionCount = static_cast<std::size_t>(Action::kCount);

struct ActionDoc {
  Action action;
  const char* name;  ///< as in energy tables and in result columns, e.g. "dram_read_bits"
  const char* unit;  ///< "bit", "PE-cycle", "operation"
  const char* doc;
};
/// One entry per Action, in the order of the enumeration.
std::span<const ActionDoc> action_docs();

/// Exact integer counts. Sums of counts are exact, so a schedule's total does not depend on the order of addition.
template <class Count>
class CountsOf {
 public:
  CountsOf() = default;
  /// From counts of fewer bits.
  template <class Narrow>
  requires(sizeof(Narrow) < sizeof(Count)) CountsOf(const CountsOf<Narrow>& other) { *this += other; }
  Count& operator[](Action a) { return counts_[static_cast<std::size_t>(a)]; }
  Count operator[](Action a) const { return counts_[static_cast<std::size_t>(a)]; }
  template <class Other>
  requires(sizeof(Other) <= sizeof(Count)) CountsOf& operator+=(const CountsOf<Other>& other) {
    for (std::size_t i = 0; i < kActionCount; ++i) counts_[i] += other[static_cast<Action>(i)];
    return *this;
  }
  CountsOf& operator*=(std::int64_t factor) {
    for (Count& count : counts_) count *= factor;
    return *this;
  }
  bool operator==(const CountsOf&) const = default;

 private:
  std::array<Count, kActionCount> counts_{};
};
using ActionCounts = CountsOf<std::int64_t>;  ///< of one pass, or of a part of it
using ActionTotals = CountsOf<Total>;         ///< of any number of passes

}  // namespace ldpsim
