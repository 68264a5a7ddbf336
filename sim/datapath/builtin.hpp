// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ldpsim {

/// Registers the kinds of PE array that ldpsim comes with. Call once before machines are loaded; further calls do
/// nothing.
void register_builtin_pe_arrays();

}  // namespace ldpsim
