// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// Systolic array of 8-bit multiply-accumulate units, rows x columns, for matrix products: a layer's windows x
/// reduction times reduction x filters.
PeArrayKind systolic_kind();

}  // namespace ldpsim
