// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ldpsim::cli {

/// `ldptrain --describe`: for every line of stdin, the arguments of a run separated by tabs, prints what decides its
/// outcome as far as the arguments say it (the keys of a trace's meta), a line `key=value` each, or the one line
/// `error=...` where the run cannot be made; then an empty line. Reads no data.
void describe_runs();

}  // namespace ldpsim::cli
