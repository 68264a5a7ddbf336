// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "sim/ledger/ledger.hpp"
#include "sim/ledger/published_entry.hpp"
#include "sim/results/table.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim::cli {

/// Every published cell beside what is arithmetic about it, with residuals.
Table published_table();

/// The published rows that a trace corresponds to (network, method and precision; the same data set where there is a
/// row of it), beside what `ledger` counted of the trace, in the units of those rows. Throws UserError if there is
/// none.
Table published_table_beside(const TraceReader& trace, const Ledger& ledger);

/// The units in which the costs of a network (as traces and networks/ call it) are printed in the first publication
/// that prints any.
std::optional<PublishedUnits> published_units(const std::string& network);

/// What the publications say against their own figures, a check a row.
Table contradictions_table();

}  // namespace ldpsim::cli
