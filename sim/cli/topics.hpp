// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/energy/component_table.hpp"

namespace ldpsim::cli {

/// Something that `ldpsim explain` explains: a key of a machine, an action, a cause of cycles, a column.
struct Topic {
  std::string name;
  std::string what;     ///< "key of a machine", "action", ...
  std::string unit;     ///< empty: none
  std::string initial;  ///< default of a key; empty: none
  std::string allowed;  ///< of a key
  std::string doc;
  std::string
      used_by;  ///< of a key: the kinds of array that know it; of an action: the tables that price it, with source
};

/// A row of an energy table in words; `figure` is its value at the table's process, in `unit`.
std::string row_text(const ComponentRow& row, double figure, const std::string& unit);

/// All of them. A name may occur more than once (a key that several kinds of array know).
std::vector<Topic> all_topics();

}  // namespace ldpsim::cli
