// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace ldpsim::test {

/// One line of a comma-separated table with a header, by column name. Fields hold no commas and no quotes.
class CsvRow {
 public:
  std::string& operator[](const std::string& column) { return fields_[column]; }
  const std::string& text(const std::string& column) const { return fields_.at(column); }
  std::int64_t integer(const std::string& column) const { return std::stoll(fields_.at(column)); }
  double real(const std::string& column) const { return std::stod(fields_.at(column)); }

 private:
  std::map<std::string, std::string> fields_;
};

/// Reads a table; `name` is for messages.
inline std::vector<CsvRow> parse_csv(std::istream& in, const std::string& name) {
  const auto split = [](const std::string& line) {
    std::vector<std::string> fields;
    std::stringstream rest(line);
    for (std::string field; std::getline(rest, field, ',');) fields.push_back(field);
    if (line.ends_with(',')) fields.emplace_back();
    return fields;
  };
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> columns = split(line);
  std::vector<CsvRow> rows;
  while (std::getline(in, line)) {
    const std::vector<std::string> fields = split(line);
    if (fields.size() != columns.size()) throw std::runtime_error(name + ": wrong number of fields: " + line);
    CsvRow row;
    for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = fields[i];
    rows.push_back(row);
  }
  return rows;
}

/// Reads a table below the source folder, e.g. "tests/validation/x.csv".
inline std::vector<CsvRow> read_csv(const std::string& path) {
  std::ifstream in(std::string(LDPSIM_SOURCE_DIR) + "/" + path);
  if (!in) throw std::runtime_error("cannot read " + path);
  return parse_csv(in, path);
}

}  // namespace ldpsim::test
