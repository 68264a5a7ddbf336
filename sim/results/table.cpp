// SPDX-License-Identifier: Apache-2.0
#include "sim/results/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/results/json_text.hpp"

namespace ldpsim {
namespace {

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, " ");
  return digits;
}

std::string text_of(const Cell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return grouped(*count);
  if (const auto* real = std::get_if<double>(&cell)) {
    const double size = std::fabs(*real);
    if (size >= 1e4 && size < 1e15) return grouped(std::llround(*real));
    return fmt::format("{:.4g}", *real);
  }
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return "-";
}

std::string csv_of(const Cell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return std::to_string(*count);
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&cell)) {
    if (text->find_first_of(",\"\n\r") == std::string::npos) return *text;
    std::string quoted = "\"";
    for (const char c : *text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
  }
  return "";
}

nlohmann::ordered_json json_of(const Cell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return *count;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return nullptr;
}

}  // namespace

TableFormat table_format_of(const std::string& name) {
  if (name == "text") return TableFormat::kText;
  if (name == "csv") return TableFormat::kCsv;
  if (name == "json") return TableFormat::kJson;
  const std::vector<std::string> names{"text", "csv", "json"};
  throw UserError("--format", "unknown format '" + name + "'", allowed_hint(name, names));
}

void Table::add(std::vector<Cell> row) {
  if (row.size() != columns_.size())
    throw InternalError("a table row has another number of cells than the table has columns");
  rows_.push_back(std::move(row));
}

std::string Table::render(TableFormat format) const {
  std::string out;
  if (format == TableFormat::kJson) {
    nlohmann::ordered_json json{{"columns", columns_}, {"rows", nlohmann::ordered_json::array()}, {"notes", notes_}};
    for (const auto& row : rows_) {
      nlohmann::ordered_json object = nlohmann::ordered_json::object();
      for (std::size_t i = 0; i < row.size(); ++i) object[columns_[i]] = json_of(row[i]);
      json["rows"].push_back(std::move(object));
    }
    return json_text(json, 1) + "\n";
  }
  if (format == TableFormat::kCsv) {
    for (std::size_t i = 0; i < columns_.size(); ++i) out += (i ? "," : "") + columns_[i];
    out += "\n";
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) out += (i ? "," : "") + csv_of(row[i]);
      out += "\n";
    }
    return out;
  }
  std::vector<std::size_t> widths;
  for (const std::string& column : columns_) widths.push_back(column.size());
  std::vector<std::vector<std::string>> texts;
  for (const auto& row : rows_) {
    texts.emplace_back();
    for (std::size_t i = 0; i < row.size(); ++i) {
      texts.back().push_back(text_of(row[i]));
      widths[i] = std::max(widths[i], texts.back().back().size());
    }
  }
  std::vector<bool> left(columns_.size(), false);  // a column with a text in it is flush left
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) left[i] = left[i] || std::holds_alternative<std::string>(row[i]);
  }
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += (i ? "  " : "") +
              (left[i] ? fmt::format("{:<{}}", cells[i], widths[i]) : fmt::format("{:>{}}", cells[i], widths[i]));
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text + "\n";
  };
  out += line(columns_);
  for (const auto& cells : texts) out += line(cells);
  for (const std::string& note : notes_) out += note + "\n";
  return out;
}

}  // namespace ldpsim
