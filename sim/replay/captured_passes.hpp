// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/trace/trace.hpp"

namespace ldpsim {

/// Iterations in [first, last) with captured operands, ascending. Throws UserError if there are none.
std::vector<std::int64_t> captured_iterations(const TraceReader& trace, std::int64_t first, std::int64_t last);

/// Throws DamagedFile if the schedule has bits that there are not, or if what these iterations captured contradicts it
/// or itself (captured_problem()): a pass would be left out, or computed at a precision that it did not have.
void require_sound_captures(const TraceReader& trace, std::span<const std::int64_t> iterations);

/// Passes in these iterations of which the trace has the results, or both operands of a pass that there is.
std::int64_t captured_passes(const TraceReader& trace, std::span<const std::int64_t> iterations);

}  // namespace ldpsim
