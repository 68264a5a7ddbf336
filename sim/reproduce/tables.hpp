// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/core/column_doc.hpp"
#include "sim/reproduce/estimate.hpp"
#include "sim/reproduce/outcome.hpp"
#include "sim/results/table.hpp"

namespace ldpsim {

/// What will be done: a run a row, with what is there and how long the rest takes.
Table plan_table(const Plan& plan, const TimeModel& model, std::size_t jobs);

/// The table in the publication's layout, data sets side by side, "mean ± deviation" of the seeds; what is printed in
/// the publication stands in columns that say so. The notes are the caption.
Table layout_table(const Plan& plan, const std::vector<CellOutcome>& outcomes,
                   const std::vector<PublishedEntry>& published);

/// The same as numbers, a row a method and data set; columns as in reproduced_column_docs().
Table number_table(const Plan& plan, const std::vector<CellOutcome>& outcomes);

/// What stands under every table and figure: data, scale, seeds, units, sources, and what is missing and why.
std::vector<std::string> caption(const Plan& plan, const std::vector<CellOutcome>& outcomes,
                                 const std::vector<PublishedEntry>& published);

/// "cifar10", or "fashion-mnist (for cifar10)" where that was used in its place.
std::string dataset_title(const std::string& dataset, const std::string& used);

/// "accuracy (%)", "PSNR (dB)", "perplexity".
std::string quality_title(const Experiment& experiment);

/// Columns of number_table and plan_table.
const std::vector<ColumnDoc>& reproduced_column_docs();

}  // namespace ldpsim
