// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/replay/replay.hpp"

namespace ldpsim {

/// Everything but the machine that the costs of a run and their place in tables depend on, as text: the workload's part
/// of a content key.
/// `value_dependent`: the machine's cycles depend on operand values.
std::string question_text(const ReplayRun& run, const std::vector<Pass>& passes, bool value_dependent);

/// A machine as JSON, for whoever reads a results file: name, description, values, what is assumed, what is not
/// modelled, sources.
std::string machine_json(const ArchSpec& arch);

/// The same with what a replay asked: `question` stands in all points that answer it (costs, savings, gap), and the
/// iterations, first and one past the last.
std::string question_json(const ArchSpec& arch, const ReplayRun& run, const std::string& question);

}  // namespace ldpsim
