// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/reproduce/outcome.hpp"

namespace ldpsim {

/// A figure as data, for the program that draws it: JSON with name, kind, caption, axis titles and panels of series
/// (label, x, y, deviation of y, and whether it is published).
struct FigureData {
  std::string name, json;
};

/// The figures of an experiment, of those runs that are finished; curves and bars are of the first seed.
std::vector<FigureData> figure_data(const Plan& plan, const std::vector<CellOutcome>& outcomes,
                                    const std::vector<PublishedEntry>& published);

}  // namespace ldpsim
