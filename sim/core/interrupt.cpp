// SPDX-License-Identifier: Apache-2.0
#include "sim/core/interrupt.hpp"

namespace ldpsim {
namespace {

volatile sig_atomic_t noted = 0;
extern "C" void note_interrupt(int) { noted = 1; }

}  // namespace

InterruptGuard::InterruptGuard() {
  noted = 0;
  struct sigaction action {};
  action.sa_handler = note_interrupt;  // no SA_RESTART: what waits is to return
  ::sigaction(SIGINT, &action, &old_int_);
  ::sigaction(SIGTERM, &action, &old_term_);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, &old_pipe_);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGTERM, &old_term_, nullptr);
  ::sigaction(SIGPIPE, &old_pipe_, nullptr);
}

bool InterruptGuard::interrupted() const { return noted != 0; }

}  // namespace ldpsim
