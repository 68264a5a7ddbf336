// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "sim/datapath/expected_values.hpp"
#include "sim/datapath/float_data.hpp"

namespace ldpsim {

/// A floating-point datapath, bit by bit: every product of two data is rounded to the wide format and added to an
/// accumulator of that format, tap by tap in row-major order and in each channel by channel. Zeros are skipped, which
/// changes no sum. It has no integer sums; values() are the accumulators, scaled back.
std::unique_ptr<FunctionalTask> make_float_task(const Problem& problem, const FloatRules& rules,
                                                const PassOperands& operands);

/// The same results by other means, in double precision with explicit rounding and zeros included, and by how much
/// each may differ from the exact sum of products: what rounding the operands did, and half a step of the wide format
/// for every product and addition.
ExpectedValues float_reference(const Problem& problem, const FloatRules& rules, const PassOperands& operands);

}  // namespace ldpsim
