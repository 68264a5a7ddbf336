// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "sim/datapath/builtin.hpp"
#include "sim/replay/replay.hpp"
#include "tests/support/made_up_run.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::testing_support {

/// SystemC elaborates once a process, so all tests of a process share one machine.
inline Accelerator& accelerator() {
  static Accelerator one;
  return one;
}

inline Machine machine(const std::string& name, const std::string& rescale = "free") {
  register_builtin_pe_arrays();
  ArchSpec arch = load_arch(name);
  arch.set("rescale", rescale, "test");
  return Machine(std::move(arch));
}

inline ReplayRun made_up_run(const std::string& network, std::int64_t iterations, std::uint64_t seed) {
  const ScratchFolder scratch;
  const std::string file = scratch.path("run.trace");
  write_made_up_run(file, network, iterations, seed);
  const TraceReader trace(file);
  return ReplayRun::of("run", trace, Schedule(trace));
}

inline const Cell& cell(const Table& table, std::size_t row, const std::string& column) {
  const auto at = std::find(table.columns().begin(), table.columns().end(), column);
  EXPECT_NE(at, table.columns().end()) << column;
  return table.rows().at(row).at(static_cast<std::size_t>(at - table.columns().begin()));
}
inline std::int64_t count(const Table& table, std::size_t row, const std::string& column) {
  return std::get<std::int64_t>(cell(table, row, column));
}
inline double real(const Table& table, std::size_t row, const std::string& column) {
  return std::get<double>(cell(table, row, column));
}
inline std::string text(const Table& table, std::size_t row, const std::string& column) {
  return std::get<std::string>(cell(table, row, column));
}

}  // namespace ldpsim::testing_support
