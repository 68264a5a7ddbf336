// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

namespace ldpsim {

/// While it lives, SIGINT and SIGTERM are noted instead of ending the process, and SIGPIPE is ignored; system calls
/// that wait return with EINTR. One at a time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  bool interrupted() const;

 private:
  struct sigaction old_int_ {
  }, old_term_{}, old_pipe_{};
};

}  // namespace ldpsim
