// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ldpsim::cli {

/// ldptrain, the program that links LibTorch, in the folder of this one. Throws UserError at `command` if there is
/// none.
std::string trainer_path(const std::string& command);

/// Becomes the trainer. Throws UserError at `command` if it is not there (a build without LibTorch) or cannot be run.
[[noreturn]] void become_trainer(const std::string& command, const std::vector<std::string>& arguments);

/// Runs the trainer with `input` on its stdin and returns what it prints; its stderr is ours. Throws UserError at
/// `command` as become_trainer does, and if the trainer fails.
std::string output_of_trainer(const std::string& command, const std::vector<std::string>& arguments,
                              const std::string& input = {});

/// Runs a program (words[0] is its path) to its end, with our stdout and stderr. Throws UserError at `command` if it
/// cannot be run or fails.
void run_to_its_end(const std::string& command, std::vector<std::string> words);

}  // namespace ldpsim::cli
