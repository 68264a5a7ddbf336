// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// Bit-Pragmatic (MICRO 2017): like Stripes, but only the essential bits of the moving operand take cycles. The lanes
/// of a column work in lockstep (lockstep_cycles); columns wait for each other after every step (pallet
/// synchronisation), or run ahead as far as their registers reach (column synchronisation).
///
/// Terms are those of the codes as they enter the array: of unsigned codes with a real offset the codes themselves, not
/// the real numbers that they stand for, whose offset the sums of codes correct afterwards.
PeArrayKind pragmatic_kind();

}  // namespace ldpsim
