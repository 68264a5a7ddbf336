// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace ldpsim {

/// Process exit codes of every ldpsim program.
enum class ExitCode : int {
  kDone = 0,
  kCheckFailed = 1,  ///< a comparison the user asked for did not hold
  kUsage = 2,        ///< wrong use or wrong input
  kDamaged = 3,      ///< a file is damaged, foreign or unreadable, or cannot be written
  kBug = 70,         ///< a bug of ours
  kInterrupted = 130,
};

/// The user's input cannot be served. Printed as one line, `where: error: message; hint`.
/// `where` is a file, file:line, option or command; `hint` names the remedy or the allowed values. Both may be empty.
class UserError : public std::runtime_error {
 public:
  UserError(std::string where, std::string message, std::string hint = {}, ExitCode code = ExitCode::kUsage);
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// A UserError with ExitCode::kDamaged.
class DamagedFile : public UserError {
 public:
  DamagedFile(std::string where, std::string message, std::string hint = {})
      : UserError(std::move(where), std::move(message), std::move(hint), ExitCode::kDamaged) {}
};

/// A condition that only a bug of ours can bring about.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

}  // namespace ldpsim
