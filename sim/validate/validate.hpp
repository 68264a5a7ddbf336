// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/replay/columns.hpp"
#include "sim/results/table.hpp"
#include "sim/validate/check.hpp"

namespace ldpsim {

/// A target and what the machines make of it.
struct Outcome {
  Target target;
  double got = 0;
  /// How far `got` is from the expected figure, or from the nearer end of the expected range; in percent of it or in
  /// its unit, as the tolerance is.
  double difference = 0;
  bool holds = false;
};

Outcome judge(const Target& target, double got);

/// Runs the checks with these ids (all, if none are named), in the order of builtin_checks(). Throws UserError at
/// --only for an id that no check has.
std::vector<Outcome> validate(Bench& bench, const std::vector<std::string>& only);

/// One row a figure; notes: sources, remarks and what was calibrated, a check each, and the sum of it.
Table validation_table(const std::vector<Outcome>& outcomes, const Bench& bench);
/// What the text form shows of it.
Table readable_validation(const Table& table);
/// Of the columns that no other table has.
const std::vector<ColumnDoc>& validation_column_docs();

}  // namespace ldpsim
