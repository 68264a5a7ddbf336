// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ldpsim::cli {

/// `ldptrain --describe ARGUMENTS`: prints what decides a run's outcome as far as its arguments say it (the keys of a
/// trace's meta), a line `key=value` each. Reads no data. Throws UserError where the run cannot be made.
void describe_run(std::vector<std::string> words);

/// `ldptrain --describe` alone: the same for every line of stdin, the arguments of a run separated by tabs, with an
/// empty line after each; the one line `error=...` where the run cannot be made.
void describe_runs();

}  // namespace ldpsim::cli
