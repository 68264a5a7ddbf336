// SPDX-License-Identifier: Apache-2.0
#include "sim/core/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <filesystem>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

constexpr std::size_t kAbsent = static_cast<std::size_t>(-1);
constexpr const char* kBlanks = " \t";

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

CsvReader::CsvReader(const std::string& file) : file_(file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) throw UserError(file, "no such file", "expected a CSV file");
  if (std::filesystem::is_directory(file, ignored)) throw UserError(file, "is a folder", "expected a CSV file");
  stream_.open(file, std::ios::binary);
  if (!stream_) throw DamagedFile(file, "cannot be read", "check its permissions");
}

bool CsvReader::next_line(std::string& line) {
  if (!std::getline(stream_, line)) {
    if (stream_.bad()) throw DamagedFile(file_, "cannot be read");
    return false;
  }
  ++line_;
  if (line_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  if (line.ends_with('\r')) line.pop_back();
  if (line.find('\0') != std::string::npos) {
    throw UserError(fmt::format("{}:{}", file_, line_), "not a text file: it has a zero byte", "expected CSV in UTF-8");
  }
  return true;
}

bool CsvReader::next(std::vector<std::string>& fields) {
  std::string line;
  do {
    if (!next_line(line)) return false;
  } while (line.find_first_not_of(kBlanks) == std::string::npos || line[line.find_first_not_of(kBlanks)] == '#');
  row_line_ = line_;
  fields.clear();
  for (std::size_t at = 0;;) {
    const std::size_t start = line.find_first_not_of(kBlanks, at);
    if (start == std::string::npos || line[start] != '"') {
      const std::size_t comma = line.find(',', at);
      fields.push_back(trimmed(line.substr(at, comma == std::string::npos ? comma : comma - at)));
      if (comma == std::string::npos) return true;
      at = comma + 1;
      continue;
    }
    std::string field;
    for (at = start + 1;; ++at) {
      if (at >= line.size()) {
        std::string more;
        if (!next_line(more)) throw UserError(where(), "a quoted field has no closing quote");
        field += '\n';
        line = std::move(more);
        at = static_cast<std::size_t>(-1);
      } else if (line[at] != '"') {
        field += line[at];
      } else if (at + 1 < line.size() && line[at + 1] == '"') {
        field += line[at++];
      } else {
        break;
      }
    }
    fields.push_back(std::move(field));
    const std::size_t rest = line.find_first_not_of(kBlanks, at + 1);
    if (rest == std::string::npos) return true;
    if (line[rest] != ',')
      throw UserError(where(), "text after the closing quote of a field",
                      "write a quote inside a quoted field as \"\"");
    at = rest + 1;
  }
}

CsvTable::CsvTable(const std::string& file, std::vector<CsvColumn> columns)
    : columns_(std::move(columns)), reader_(file), position_(columns_.size(), kAbsent) {
  read_header();
}

void CsvTable::read_header() {
  std::vector<std::string> names;
  for (const CsvColumn& column : columns_) names.push_back(column.name);
  if (!reader_.next(fields_))
    throw UserError(reader_.file(), "the file is empty", fmt::format("expected a header: {}", fmt::join(names, ",")));
  width_ = fields_.size();
  for (std::size_t i = 0; i < width_; ++i) {
    const auto found = std::find(names.begin(), names.end(), lower(fields_[i]));
    if (found == names.end())
      throw UserError(where(), "unknown column '" + fields_[i] + "'", allowed_hint(lower(fields_[i]), names));
    std::size_t& position = position_[static_cast<std::size_t>(found - names.begin())];
    if (position != kAbsent) throw UserError(where(), "column '" + *found + "' is there twice");
    position = i;
  }
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].required && position_[i] == kAbsent) {
      throw UserError(where(), "column '" + columns_[i].name + "' is missing",
                      fmt::format("columns: {}", fmt::join(names, ",")));
    }
  }
}

bool CsvTable::next() {
  if (!reader_.next(fields_)) return false;
  if (fields_.size() != width_) {
    throw UserError(where(), fmt::format("the row has {} field{} where the header has {}", fields_.size(),
                                         fields_.size() == 1 ? "" : "s", width_));
  }
  return true;
}

const std::string& CsvTable::text(std::size_t column) const {
  static const std::string kNone;
  return position_[column] == kAbsent ? kNone : fields_[position_[column]];
}

void CsvTable::missing(std::size_t column) const {
  throw UserError(where(), fmt::format("'{}' is empty", columns_[column].name));
}

std::int64_t CsvTable::integer(std::size_t column, std::int64_t least, std::int64_t most, std::int64_t absent) const {
  const std::string& field = text(column);
  if (field.empty()) {
    if (columns_[column].required) missing(column);
    return absent;
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || value < least || value > most) {
    throw UserError(where(), fmt::format("'{}' is '{}'", columns_[column].name, field),
                    "allowed: integers " + (columns_[column].allowed.empty() ? fmt::format("{} to {}", least, most)
                                                                             : columns_[column].allowed));
  }
  return value;
}

std::string csv_field(const std::string& text) {
  const bool blank_edge = !text.empty() && (std::isspace(static_cast<unsigned char>(text.front())) != 0 ||
                                            std::isspace(static_cast<unsigned char>(text.back())) != 0);
  if (!blank_edge && !text.starts_with('#') && text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace ldpsim
