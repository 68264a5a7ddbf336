// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/arch/pe_array.hpp"

namespace ldpsim {

/// The worked example of sim/README.md: a grid of multipliers that adds an outer product a cycle.
PeArrayKind outer_product_kind();

}  // namespace ldpsim
