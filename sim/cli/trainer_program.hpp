// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ldpsim::cli {

/// Becomes ldptrain, the program beside this one that links LibTorch. Throws UserError at `command` if it cannot.
[[noreturn]] void become_trainer(const std::string& command, const std::vector<std::string>& arguments);

/// Runs ldptrain and returns what it prints to standard output. Throws UserError at `command` if it is not there or
/// fails.
std::string output_of_trainer(const std::string& command, const std::vector<std::string>& arguments);

}  // namespace ldpsim::cli
