// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cli/command.hpp"
#include "sim/replay/replay.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim::cli {

/// Whether a file is a trace (an SQLite file) and not a table; a file that cannot be opened counts as what its name
/// says.
bool is_trace(const std::string& file);

/// Declares what chooses a part of a trace: --iterations, --float-layer-bits.
void add_trace_options(po::options_description& options);
/// The run recorded in `file`, as the options choose.
ReplayRun run_of_trace(const std::string& file, const po::variables_map& values);

/// Where operands come from on whose values the cycles of some machines depend.
void add_values_option(po::options_description& options);
/// --weight-range: "channel" or "tensor".
std::string weight_range_of(const po::variables_map& values);

/// Whether the array's energy follows the operands' bits: --activity.
void add_activity_option(po::options_description& options);
/// Declares what a network's table leaves open: --batch, --bits, --profile, --weight-range.
void add_network_options(po::options_description& options);
/// Declares --profile alone.
void add_profile_option(po::options_description& options);
/// The network in `file` at the precisions of its table or of --profile.
NetworkTable network_table_of(const std::string& file, const po::variables_map& values);
/// One iteration of the network in `file`; savings refer to 8 bits.
ReplayRun run_of_network(const std::string& file, const po::variables_map& values);

/// Throws UserError for an option that was given but has no meaning for what is asked; `why` names the latter.
void refuse_option(const po::variables_map& values, const std::string& option, const std::string& why);

}  // namespace ldpsim::cli
