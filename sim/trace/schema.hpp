// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/core/database.hpp"

namespace ldpsim {

/// How a trace is called in messages; its application_id is "LDPT".
FileKind trace_kind();

/// The tables of a trace (traces/README.md documents every column).
extern const char* const kTraceSchema;

/// Throws DamagedFile unless the file has the tables and columns of a trace of our version.
void require_trace(const Database& database);

}  // namespace ldpsim
