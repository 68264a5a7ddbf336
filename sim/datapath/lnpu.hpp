// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// The array kind "lnpu": data of 8 or 16 bits of floating point, zeros skipped.
PeArrayKind lnpu_kind();

}  // namespace ldpsim
