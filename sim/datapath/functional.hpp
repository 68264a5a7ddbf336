// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/pe_array.hpp"
#include "sim/datapath/essential_bits.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

/// A tensor as an array sees it: integer codes with real scale and offset. value = code*scale + offset.
struct QuantisedTensor {
  std::vector<std::int64_t> shape;  ///< row-major
  int bits = 8;
  bool is_signed = false;  ///< codes are two's complement -2^(b-1)..2^(b-1)-1 instead of 0..2^b-1
  std::vector<std::int32_t> codes;
  std::vector<double> scale, offset;  ///< one each, or one per index of the first axis (weights per output channel)
};

/// How a task forms its sums. Both give the same numbers, bit by bit.
///   array   as the array does: bit-planes are ANDed, counted, shifted and added; or by its tables or terms
///   codes   products of whole codes, several times as fast where the processor cannot count the bits of a register;
///           tasks that saturate step by step stay with the array's way; scale groups cannot be observed
enum class Arithmetic { kArray, kCodes };

/// The operands of one pass: whole-layer tensors, addressed by the AffineIndex of the Problem.
struct PassOperands {
  const QuantisedTensor* moving = nullptr;
  const QuantisedTensor* stationary = nullptr;
  Arithmetic arithmetic = Arithmetic::kCodes;
};

/// What an integer accumulator does with a reduction whose worst case does not fit it.
///   split     the reduction is cut into chunks that fit; each is drained to a wider sum, so the outcome is exact
///   wrap      the sum is kept modulo 2^bits
///   saturate  the sum stops at the largest or smallest number after every step
enum class Overflow { kSplit, kWrap, kSaturate };
const char* name_of(Overflow overflow);  ///< "split", "wrap", "saturate"
/// Inverse of name_of. Throws UserError at `where` with the allowed names.
Overflow overflow_of(const std::string& name, const std::string& where);

/// The integer accumulator of a PE. If both operands are unsigned it is an unsigned number, 0 .. 2^bits-1, since no sum
/// can be negative; else two's complement.
///
/// A *step* is what the array adds at once: up to `lanes` neighbouring channels at one kernel position. Steps run over
/// blocks of `lanes` channels, in each over kernel rows, in each over kernel columns, ascending. Saturation depends on
/// that order and on nothing else: not on the tiling.
struct AccumulatorSpec {
  int bits = 32;  ///< 1..62
  Overflow overflow = Overflow::kSplit;
  std::int64_t lanes = 16;
};

/// Numbers that an accumulator holds: least..most.
struct AccumulatorRange {
  std::int64_t least = 0, most = 0;
};
/// Throws UserError if spec.bits is not 1..62.
AccumulatorRange accumulator_range(const AccumulatorSpec& spec, PassBits bits);

/// How many products of two codes fit the accumulator in the worst case; 0 if not even one.
std::int64_t products_that_fit(const AccumulatorSpec& spec, PassBits bits);

/// Times one output's reduction is drained early to a wider sum under Overflow::kSplit. Throws UserError if not one
/// product fits.
std::int64_t spills_per_output(const AccumulatorSpec& spec, PassBits bits, std::int64_t reduction);

/// Bits that an accumulator needs for all of least..most; unsigned if both operands are.
int accumulator_bits_for(std::int64_t least, std::int64_t most, PassBits bits);

/// Half-open ranges along the five loops (indexed by Loop) of one group.
struct TileRange {
  std::int64_t group = 0;
  std::array<std::int64_t, kLoopCount> first{}, last{};
  std::int64_t begin(Loop l) const { return first[static_cast<std::size_t>(l)]; }
  std::int64_t end(Loop l) const { return last[static_cast<std::size_t>(l)]; }
  std::int64_t extent(Loop l) const { return end(l) - begin(l); }
};
/// The tile that is one whole group of a problem.
TileRange whole_group(const Problem& problem, std::int64_t group);

/// The completed integer sums of one scale group (one channel of one group) over a box of outputs, `tile`. Arrays are
/// row-major over the tile's ranges; valid only during the call.
struct GroupSums {
  const TileRange* tile = nullptr;
  std::int64_t channel = 0;
  std::span<const std::int64_t> products;    ///< [filter, batch, y, x] sum of moving code x stationary code
  std::span<const std::int64_t> moving;      ///< [batch, y, x] sum of moving codes
  std::span<const std::int64_t> stationary;  ///< [filter, y, x] sum of stationary codes over the valid taps
  std::span<const std::int64_t> taps;        ///< [y, x] number of valid taps
};
using GroupObserver = std::function<void(const GroupSums&)>;

/// Integer sums of one pass without per-channel scales, row-major.
struct IntegerSums {
  std::vector<std::int64_t> products;    ///< [batch, group, filter, y, x]
  std::vector<std::int64_t> moving;      ///< [batch, group, y, x]
  std::vector<std::int64_t> stationary;  ///< [group, filter, y, x]
  std::vector<std::int64_t> taps;        ///< [y, x]
};

/// The values of one pass, computed tile by tile as the array walks.
///
/// Contract: every tile of a covering set is computed exactly once, in any order that keeps the reduction (channel, in
/// backward-weight also y and x) tiles of an output ascending; with Problem::scale_per_channel a tile has the whole
/// kernel. Then finish() once; then results may be read. Operands are copied when the task is made.
class FunctionalTask {
 public:
  virtual ~FunctionalTask() = default;
  virtual void compute(const TileRange& tile) = 0;
  virtual void finish() = 0;

  /// Called for every scale group and box of outputs once they are complete (Problem::scale_per_channel only). Set
  /// before the first compute().
  virtual void observe_groups(GroupObserver observer) = 0;
  /// The accumulators, as Overflow left them. All empty with Problem::scale_per_channel.
  virtual const IntegerSums& sums() const = 0;
  /// Dequantised results [batch, group, filter, y, x]:
  /// s_m*s_s*products + s_m*z_s*moving + s_s*z_m*stationary + taps*z_m*z_s, added over the scale groups.
  virtual const std::vector<double>& values() const = 0;
  /// Bits that every completed sum of products (of one scale group) really needed, before Overflow changed it.
  virtual int accumulator_bits_needed() const = 0;
  virtual const AccumulatorSpec& accumulator() const = 0;
  /// Accumulators drained early (Overflow::kSplit), over all outputs.
  virtual std::int64_t spills() const = 0;
};

/// Stripes' datapath: a serial bit-plane is ANDed with the planes of the parallel operand, summed over the lanes and
/// shift-accumulated; the plane of the sign is subtracted. Which of the operands is serial changes time, not values.
/// Throws UserError if codes exceed their bits or, under Overflow::kSplit, one product exceeds the accumulator.
std::unique_ptr<FunctionalTask> make_bit_serial_task(const Problem& problem, PassBits bits,
                                                     const PassOperands& operands,
                                                     const AccumulatorSpec& accumulator = {});

/// UNPU's datapath: sums of three inputs of the one operand from a table built once, addressed by the bits of the
/// serial operand, shifted and accumulated; of a serial operand of one bit, sums of four inputs times +1 or -1 (see
/// LutMultiplier). Which operand is serial decides how, not what is computed. Throws like make_bit_serial_task.
std::unique_ptr<FunctionalTask> make_lut_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                              bool serial_is_moving, const AccumulatorSpec& accumulator = {});

/// Bit-Pragmatic's datapath: the terms of the moving operand, whose codes are taken apart into sign and magnitude,
/// shift the stationary one, which is added or subtracted. Throws like make_bit_serial_task.
std::unique_ptr<FunctionalTask> make_term_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                               TermEncoding encoding, const AccumulatorSpec& accumulator = {});

/// Bit Fusion's datapath: operands widened to 2, 4, 8 or 16 bits and cut into 2-bit bricks, of which the top one
/// carries the sign; products of bricks are shifted and added; 16-bit operands in steps of 8 bits. Throws like
/// make_bit_serial_task.
std::unique_ptr<FunctionalTask> make_brick_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                                const AccumulatorSpec& accumulator = {});

/// Widths of the words that multipliers take.
struct WordBits {
  int moving = 16, stationary = 16;  ///< 8 or 16
};

/// The datapath of a bit-parallel multiplier: signed codes are extended to whole words; a word is cut into its 8-bit
/// halves, whose partial products (the ANDs of their bits) are added at once. Throws like make_bit_serial_task, and
/// InternalError if a code may be wider than its word.
std::unique_ptr<FunctionalTask> make_parallel_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                                   WordBits words, const AccumulatorSpec& accumulator = {});

}  // namespace ldpsim
