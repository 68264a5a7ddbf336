// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/listing.hpp"

#include <fmt/format.h>

namespace ldpsim::data {
DatasetRow row_of(const DatasetEntry& entry) {
  DatasetRow row{entry.name, task_name(entry.task()), "with --data", entry.summary, entry.publisher, entry.remedy};
  if (entry.packaged.empty()) return row;
  row.source = "Debian: " + packages_of(entry.packaged);
  const std::string missing = missing_packages(package_root(entry.packaged), entry.packaged);
  row.here = missing.empty() ? "yes" : "no";
  row.how_to_get = missing.empty() ? "" : package_remedy(missing);
  return row;
}

std::vector<DatasetRow> dataset_rows() {
  std::vector<DatasetRow> rows;
  for (const DatasetEntry& entry : builtin_datasets()) rows.push_back(row_of(entry));
  return rows;
}

std::string listing(const std::vector<DatasetRow>& rows) {
  std::string lines;
  for (const DatasetRow& row : rows) {
    lines += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", row.name, row.task, row.here, row.description, row.source,
                         row.how_to_get);
  }
  return lines;
}

}  // namespace ldpsim::data
