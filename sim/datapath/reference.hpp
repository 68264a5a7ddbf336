// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// The int64 twin of the bit-exact datapaths: the same sums by plain multiplication, sharing no code with them.

/// All integer sums of a pass; of one accumulator per output. Exact under Overflow::kSplit; wrapped or saturated like
/// the accumulator would under the other modes. Not for Problem::scale_per_channel.
IntegerSums reference_sums(const Problem& problem, const PassOperands& operands,
                           const AccumulatorSpec& accumulator = {});

/// The integer sums of one scale group: channel `channel` of group `group`, all outputs. `products` is [batch, filter,
/// y, x], `moving` [batch, y, x], `stationary` [filter, y, x].
IntegerSums reference_group_sums(const Problem& problem, const PassOperands& operands, std::int64_t group,
                                 std::int64_t channel, const AccumulatorSpec& accumulator = {});

/// Dequantised results [batch, group, filter, y, x], from the exact sums.
std::vector<double> reference_values(const Problem& problem, const PassOperands& operands);

}  // namespace ldpsim
