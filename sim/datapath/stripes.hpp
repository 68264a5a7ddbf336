// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// Bit-serial array (Stripes, MICRO 2016): filters x windows x lanes; one operand enters a bit a cycle, the other lies
/// in 16-bit registers.
PeArrayKind stripes_kind();

}  // namespace ldpsim
