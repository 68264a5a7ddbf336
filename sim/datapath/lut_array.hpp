// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// The array kind "lut": UNPU and its kin.
PeArrayKind lut_kind();

}  // namespace ldpsim
