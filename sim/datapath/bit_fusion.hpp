// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// Systolic array of fusion units (Bit Fusion, ISCA 2018): sixteen 2-bit bricks a unit that fuse into 1 to 16
/// multipliers.
PeArrayKind bit_fusion_kind();

}  // namespace ldpsim
