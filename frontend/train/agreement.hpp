// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/trace/trace.hpp"

namespace ldpsim::train {

/// One setting a line, `key=value`; none holds a line break.
std::string text_of(const TraceMeta& meta);
TraceMeta meta_of(const std::string& text);

/// Throws UserError in every process that trains together unless all of them have the same settings, naming a key that
/// differs and both values.
void check_agreement(const TraceMeta& settings);

}  // namespace ldpsim::train
