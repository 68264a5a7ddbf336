// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "sim/datapath/functional.hpp"
#include "sim/datapath/operand_bytes.hpp"
#include "sim/datapath/row_multiplier.hpp"

namespace ldpsim {

/// What both kinds of tasks know of their operands.
struct DatapathOperands {
  Problem problem;
  PassBits bits;
  AccumulatorSpec accumulator;
  PlaneCount moving, stationary;
  MovingBytes moving_bytes;
  StationaryBytes stationary_bytes;
  double moving_scale = 1, moving_offset = 0;
  std::vector<double> stationary_scale, stationary_offset;
  std::unique_ptr<RowMultiplier> multiplier;  ///< multiplies instead of bit-planes; null: plane by plane

  /// Index into a per-tensor or per-first-axis list.
  static double scale_at(const std::vector<double>& values, std::int64_t index) {
    return values.size() == 1 ? values[0] : values[static_cast<std::size_t>(index)];
  }
};

/// Products of all taps of an output in one accumulator, formed on bit-planes.
std::unique_ptr<FunctionalTask> make_plane_task(std::unique_ptr<DatapathOperands> operands);
/// The same, formed of whole codes; needs no bytes of the operands. Only where codes_suffice().
std::unique_ptr<FunctionalTask> make_code_task(std::unique_ptr<DatapathOperands> operands, const PassOperands& tensors);
/// make_grouped_task of whole codes. Only where grouped_codes_suffice().
std::unique_ptr<FunctionalTask> make_grouped_code_task(std::unique_ptr<DatapathOperands> operands,
                                                       const PassOperands& tensors);
/// Whether a channel's codes are bytes whose sums no accumulator changes.
bool grouped_codes_suffice(const DatapathOperands& operands);
/// Whether sums of products tell all that the accumulators do, and 32 bits hold all sums of codes.
bool codes_suffice(const DatapathOperands& operands);
/// Problem::scale_per_channel: the taps of each channel in an accumulator of their own.
std::unique_ptr<FunctionalTask> make_grouped_task(std::unique_ptr<DatapathOperands> operands);

/// Position of one output.
struct OutputIndex {
  std::int64_t batch = 0, group = 0, filter = 0, y = 0, x = 0;
};

/// The sum of one output's products over channels first..last-1 in an accumulator that saturates after every step
/// (AccumulatorSpec), each step on bit-planes.
std::int64_t saturating_sum_of_planes(const DatapathOperands& operands, const OutputIndex& output, std::int64_t first,
                                      std::int64_t last);

/// `sum` as a wrapping or saturating accumulator of unsigned operands leaves it, or as a wrapping one of signed
/// operands does.
std::int64_t wrapped_sum(std::int64_t sum, const AccumulatorSpec& accumulator, AccumulatorRange range);

}  // namespace ldpsim
