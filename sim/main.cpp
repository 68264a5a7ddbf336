// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/command.hpp"

#include <systemc>

int sc_main(int argc, char* argv[]) { return ldpsim::cli::run(argc, argv); }
