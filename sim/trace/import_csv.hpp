// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "sim/trace/trace.hpp"

namespace ldpsim {

/// Makes a trace of a schedule that another program wrote:
///   iteration,layer,weight_bits,activation_bits,gradient_bits
/// one row a layer and iteration, iterations ascending without a gap (from any first one), the layers of an iteration
/// in any order. `layer` is a name of `network_csv`. Bits are 0 (float) to 16. A layer that is not `quantised` in the
/// network may be left out. `meta` adds to and overrides what is known: network and program. The trace appears under
/// its name only when it is whole; an existing trace is replaced, any other file refused. Returns the number of
/// iterations. Errors are UserError at file:line.
std::int64_t import_schedule_csv(const std::string& schedule_csv, const std::string& network_csv, const TraceMeta& meta,
                                 const std::string& output);

/// The inverse: the schedule of a trace as such a CSV text, handed to `write` in pieces.
void export_schedule_csv(const TraceReader& trace, const std::function<void(const std::string&)>& write);

}  // namespace ldpsim
