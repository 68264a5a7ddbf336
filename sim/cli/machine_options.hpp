// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/arch/arch_spec.hpp"
#include "sim/cli/command.hpp"
#include "sim/replay/machine.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim::cli {

/// Declares --arch and --set, the same for every command that asks machines.
void add_machine_options(po::options_description& options);

/// Declares --technology.
void add_technology_option(po::options_description& options);
/// Applies --technology, if given. Throws UserError at --technology.
void set_technology(std::vector<ArchSpec>& archs, const po::variables_map& values);

/// The machines of --arch with --set and --technology applied; a key is set on the machines that have it. Throws
/// UserError if no machine is given, or none has a key, or one is given twice. Registers the kinds of array that ldpsim
/// comes with.
std::vector<ArchSpec> archs_of(const po::variables_map& values);
/// The same, ready to be asked.
std::vector<Machine> machines_of(const po::variables_map& values);

/// Declares --rescale free|per_group|both.
void add_rescale_option(po::options_description& options);

/// Each machine once for each way of rescaling asked for. Without --rescale: both if `by_default_both`, else as the
/// machine says.
std::vector<ArchSpec> rescale_variants(const std::vector<ArchSpec>& archs, const po::variables_map& values,
                                       bool by_default_both);

/// Declares --passes.
void add_passes_option(po::options_description& options);
/// In the order of a training step, each once. Throws UserError at --passes.
std::vector<Pass> passes_of(const po::variables_map& values);

/// Declares --jobs.
void add_jobs_option(po::options_description& options);
/// 1..1024; throws UserError at --jobs.
std::size_t jobs_of(const po::variables_map& values);

/// Parses "A:B", iterations A to B-1; without A from the beginning, without B to the end (Schedule::kBegin, kEnd).
/// Throws UserError at
/// --iterations.
std::pair<std::int64_t, std::int64_t> iteration_range_of(const std::string& text);

/// "a,b,c" in parts.
std::vector<std::string> split(const std::string& text, char separator);

}  // namespace ldpsim::cli
