// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include <systemc>

#include "sim/cli/command.hpp"

namespace {

// stderr is for our own talk: SystemC would print its banner there before sc_main.
[[maybe_unused]] const int kNoBanner = setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);

}  // namespace

int sc_main(int argc, char* argv[]) { return ldpsim::cli::run(argc, argv); }
