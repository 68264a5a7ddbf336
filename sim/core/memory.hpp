// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ldpsim {

/// Lets the process keep memory that it frees instead of giving it back: simulating a pass takes and frees a few MiB,
/// and having the pages cleared anew each time costs a third of the time. Call once, early, from the program. Does
/// nothing where the C library has no such switch.
void keep_freed_memory();

}  // namespace ldpsim
