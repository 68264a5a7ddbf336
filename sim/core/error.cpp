// SPDX-License-Identifier: Apache-2.0
#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

std::string one_line(const std::string& where, const std::string& message, const std::string& hint) {
  std::string line = where.empty() ? "error: " : where + ": error: ";
  line += message;
  if (!hint.empty()) line += "; " + hint;
  return line;
}

}  // namespace

UserError::UserError(std::string where, std::string message, std::string hint, ExitCode code)
    : std::runtime_error(one_line(where, message, hint)), code_(code) {}

}  // namespace ldpsim
