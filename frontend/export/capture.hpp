// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "frontend/quant/layer.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim::capture {

/// Adds the captured operands of one convolution to the trace, with the float64 results of its passes on exactly those
/// operands: each code becomes code*scale + offset, padding is the real 0. A `first` layer has no backward-data.
void add_operands(TraceWriter& trace, std::int64_t iteration, std::int64_t layer, const quant::Site& site, bool first);

}  // namespace ldpsim::capture
