// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/results/results_file.hpp"

namespace ldpsim {

/// What differs between two results files: kind, point, row, column, a, b, relative_difference ((b - a) / |a|). Points
/// are matched by their labels, rows by their order, columns by their names; what one file alone has is a row with an
/// empty cell on the other side. Two numbers are the same if they differ by at most `tolerance` relative to the larger
/// one.
Table diff_results(const ResultsFile& a, const ResultsFile& b, double tolerance);

}  // namespace ldpsim
