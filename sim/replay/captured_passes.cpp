// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/captured_passes.hpp"

#include <fmt/format.h>

#include <set>

#include "sim/core/error.hpp"
#include "sim/replay/captured_operand.hpp"
#include "sim/trace/check.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

std::vector<std::int64_t> captured_iterations(const TraceReader& trace, std::int64_t first, std::int64_t last) {
  const std::vector<std::int64_t> all = trace.captured_iterations();
  std::vector<std::int64_t> iterations;
  for (const std::int64_t i : all) {
    if (i >= first && i < last) iterations.push_back(i);
  }
  if (!iterations.empty()) return iterations;
  if (all.empty()) throw UserError(trace.file(), "has no captured operands", "train with --capture every=N,images=K");
  throw UserError(trace.file(), "has no captured operands in the asked iterations",
                  fmt::format("captured: {} iterations, {} to {}", all.size(), all.front(), all.back()));
}

void require_sound_captures(const TraceReader& trace, std::span<const std::int64_t> iterations) {
  const auto [first, end] = trace.iteration_range();
  trace.for_each_iteration(first, end, [](const TraceIteration&) {});  // reading checks the bits
  for (const std::int64_t iteration : iterations) {
    if (const std::string problem = captured_problem(trace, iteration); !problem.empty())
      throw DamagedFile(trace.file(), problem, "'ldpsim trace validate' checks the whole file");
  }
}

std::int64_t captured_passes(const TraceReader& trace, std::span<const std::int64_t> iterations) {
  std::int64_t count = 0;
  for (const std::int64_t iteration : iterations) {
    std::set<std::pair<std::int64_t, std::string>> there;
    for (auto& operand : trace.captured_operands(iteration)) there.insert(std::move(operand));
    for (std::size_t l = 0; l < trace.network().layers.size(); ++l) {
      const auto has = [&](const char* tensor) { return there.count({static_cast<std::int64_t>(l), tensor}) != 0; };
      for (const Pass pass : kAllPasses) {
        const OperandNames operands = operands_of(pass);
        const bool whole = has(operands.moving) && has(operands.stationary) && pass_exists(trace.network(), l, pass);
        if (whole || has(name_of(pass))) ++count;
      }
    }
  }
  return count;
}

}  // namespace ldpsim
