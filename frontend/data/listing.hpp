// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "frontend/data/dataset.hpp"

namespace ldpsim::data {

/// What a user has to know before choosing a dataset.
struct DatasetRow {
  std::string name, task;
  std::string here;         ///< "yes", "no" or, of a set that no package has, "with --data"
  std::string description;  ///< of its contents
  std::string source;       ///< the packages or the publication
  std::string how_to_get;   ///< the command or place; empty if it is here
};
DatasetRow row_of(const DatasetEntry& entry);
std::vector<DatasetRow> dataset_rows();

/// One line a dataset, fields separated by tabs.
std::string listing(const std::vector<DatasetRow>& rows);

}  // namespace ldpsim::data
