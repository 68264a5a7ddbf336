// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/model/accelerator.hpp"
#include "sim/replay/columns.hpp"
#include "sim/replay/machine.hpp"
#include "sim/results/table.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {

/// Largest difference between a result of a machine and the trainer's, relative to the trainer's (kSmallestResult of
/// the tensor's largest where it is smaller than that: cancelled sums have no relative accuracy).
inline constexpr double kVerifyTolerance = 1e-5;
inline constexpr double kSmallestResult = 1e-6;

/// One pass of one layer in one captured iteration on one machine.
struct VerifiedPass {
  std::string arch;
  std::int64_t iteration = 0;
  std::string layer;
  Pass pass = Pass::kForward;
  PassBits bits{};
  std::int64_t macs = 0;
  std::int64_t cycles = 0;
  std::int64_t accumulators =
      0;  ///< integer sums compared: products (per scale group), moving and stationary codes, taps
  std::int64_t mismatches = 0;             ///< of accumulators, and of results beyond the tolerance
  int accumulator_bits = 0;                ///< really needed by the sums of products
  std::int64_t spills = 0;                 ///< accumulators drained early
  std::optional<double> worst_relative{};  ///< nothing if the trainer's results were not captured
};

struct VerifyOptions {
  std::int64_t first = std::numeric_limits<std::int64_t>::min(),
               last = std::numeric_limits<std::int64_t>::max();  ///< iterations [first, last)
  /// Told of every mismatch, in words: machine, iteration, layer, pass, coordinates and both values. The first few of a
  /// pass.
  std::function<void(const std::string&)> on_mismatch{};
  std::function<void(std::int64_t done, std::int64_t all)> on_progress{};  ///< passes
};

/// Runs every captured layer and pass of a trace through every machine, cycle by cycle with all values, and compares
/// integer accumulators with the int64 reference and results with the trainer's. Throws UserError if the trace has no
/// operands in the range or none that make a pass, DamagedFile at operands that contradict the trace (see
/// require_sound_captures()).
std::vector<VerifiedPass> verify_trace(const TraceReader& trace, std::span<const Machine> machines,
                                       Accelerator& accelerator, const VerifyOptions& options);

/// One row a pass and a total.
Table verify_table(std::span<const VerifiedPass> passes);
/// Of the columns that no other table has.
const std::vector<ColumnDoc>& verify_column_docs();
std::int64_t mismatches(std::span<const VerifiedPass> passes);

}  // namespace ldpsim
