// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "sim/trace/trace.hpp"

namespace ldpsim {

/// Outcome of check_trace().
struct TraceCheck {
  std::int64_t iterations = 0, evaluations = 0, operands = 0;  ///< how many were checked
  std::string
      problem;  ///< the first one found, with its place (iteration, layer, tensor, coordinates); "" if there is none
};

/// Every check there is:
///   every page of the file; iterations consecutive; bits 0 to 16; a layer that is not quantised has no bits;
///   evaluations finite and of an iteration of the run;
///   every operand of an iteration and a layer that are there, of the shape of its layer, of the bits that the schedule
///   says, codes within 0..2^bits-1, as many scales and offsets as there must be, all numbers finite, as many images as
///   the other operands of its layer, and with a result the two operands that it is the result of.
/// Throws DamagedFile for what cannot be decoded at all.
TraceCheck check_trace(const TraceReader& trace);

/// First problem with what one iteration has captured, as far as it shows without decoding: operands of a layer and of
/// a tensor that there is, codes of the bits that the schedule says, and with a result both operands that it is the
/// result of. "" if there is none. Throws DamagedFile as check_trace().
std::string captured_problem(const TraceReader& trace, std::int64_t iteration);

}  // namespace ldpsim
