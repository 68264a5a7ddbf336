// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// Loom (DAC 2018): both operands enter bit by bit. A step of a brick takes ceil(P_m / serial_bits) * P_s cycles, P_m
/// the bits of the moving operand, of which `serial_bits` enter a cycle, P_s those of the stationary one. With dynamic
/// trimming P_m is the highest bit that is set in the codes of a group of windows.
///
/// With staggered columns (array.linear_columns) the steps of a linear layer's sample run in all columns; they end
/// together with the sample and with a tile, so a tile that cuts filters or channels costs up to a column's step more
/// than its share of closed_form_cycles.
PeArrayKind loom_kind();

}  // namespace ldpsim
