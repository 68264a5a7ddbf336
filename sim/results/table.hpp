// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace ldpsim {

/// A cell: nothing, a count, a real number or a text.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

enum class TableFormat { kText, kCsv, kJson };
/// "text", "csv" or "json"; throws UserError otherwise.
TableFormat table_format_of(const std::string& name);

/// A table of results. Column names carry the unit (cycles, energy_pj, ...); `ldpsim explain COLUMN` documents them.
class Table {
 public:
  explicit Table(std::vector<std::string> columns) : columns_(std::move(columns)) {}
  void add(std::vector<Cell> row);  ///< as many cells as columns
  /// A line under the table in text form; nothing in CSV; the array "notes" in JSON.
  void note(std::string line) { notes_.push_back(std::move(line)); }
  const std::vector<std::string>& columns() const { return columns_; }
  const std::vector<std::vector<Cell>>& rows() const { return rows_; }
  const std::vector<std::string>& notes() const { return notes_; }
  /// Text: aligned, numbers to the right with thousands separated by blanks and reals in 4 significant digits. CSV (RFC
  /// 4180) and JSON: all digits; JSON is {"columns": [...], "rows": [{...}], "notes": [...]}.
  std::string render(TableFormat format) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<std::string> notes_;
};

}  // namespace ldpsim
