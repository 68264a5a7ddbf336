// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// Bit-parallel array of 16-bit multipliers (DaDianNao, MICRO 2014, as the baseline of Stripes): filters x windows x
/// lanes, a step a cycle whatever the precision.
PeArrayKind dadiannao_kind();

}  // namespace ldpsim
