// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cli/command.hpp"
#include "sim/results/table.hpp"

namespace ldpsim::cli {

/// Declares --format, the same for every command that prints a table.
void add_format_option(po::options_description& options);

/// Writes the table to stdout in the chosen format. Throws UserError for an unknown format.
void print_table(const Table& table, const po::variables_map& values);

}  // namespace ldpsim::cli
