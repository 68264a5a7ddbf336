// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace ldpsim {

/// Reads CSV (RFC 4180: quoted fields may hold commas, quotes as "" and line ends) row by row. Also taken: CRLF and LF
/// line ends, a byte order mark, blank lines, lines that begin with '#', blanks around unquoted fields. Errors are
/// UserError at file:line.
class CsvReader {
 public:
  explicit CsvReader(const std::string& file);
  /// The next row; false at the end of the file.
  bool next(std::vector<std::string>& fields);
  /// "file:line" of the row read last (of its first line).
  std::string where() const { return file_ + ":" + std::to_string(row_line_); }
  const std::string& file() const { return file_; }

 private:
  bool next_line(std::string& line);
  std::string file_;
  std::ifstream stream_;
  std::int64_t line_ = 0, row_line_ = 0;
};

struct CsvColumn {
  std::string name;
  bool required = true;
  std::string allowed{};  ///< in words, where integer() is asked for a wider range; empty: what it is asked for
};

/// A CSV file with a header. The order of its columns and the case of their names are free; a column that is not in the
/// list is an error with the nearest match, and so is one that is missing or there twice.
class CsvTable {
 public:
  CsvTable(const std::string& file, std::vector<CsvColumn> columns);
  /// Goes to the next row, which must have as many fields as the header; false at the end.
  bool next();
  std::string where() const { return reader_.where(); }
  /// Field of the current row by index into the list given to the constructor; "" if the file has no such column.
  const std::string& text(std::size_t column) const;
  /// The same as an integer in [least, most]; `absent` if the field is empty or the file has no such column. An empty
  /// field of a required column is an error.
  std::int64_t integer(std::size_t column, std::int64_t least, std::int64_t most, std::int64_t absent = 0) const;
  [[noreturn]] void missing(std::size_t column) const;

 private:
  void read_header();
  std::vector<CsvColumn> columns_;
  CsvReader reader_;
  std::vector<std::size_t> position_;  ///< of each known column in the file; npos if absent
  std::vector<std::string> fields_;
  std::size_t width_ = 0;
};

/// `text` as a CSV field, quoted where it must be.
std::string csv_field(const std::string& text);

}  // namespace ldpsim
