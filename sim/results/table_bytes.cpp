// SPDX-License-Identifier: Apache-2.0
#include "sim/results/table_bytes.hpp"

#include <nlohmann/json.hpp>

namespace ldpsim {
namespace {

nlohmann::json stored_form(const Cell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return *count;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  return nullptr;
}

Cell cell_of(const nlohmann::json& json) {
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return {};
}

}  // namespace

std::string table_to_bytes(const Table& table) {
  nlohmann::json rows = nlohmann::json::array();
  for (const auto& row : table.rows()) {
    nlohmann::json cells = nlohmann::json::array();
    for (const Cell& cell : row) cells.push_back(stored_form(cell));
    rows.push_back(std::move(cells));
  }
  const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor({table.columns(), rows, table.notes()});
  return {bytes.begin(), bytes.end()};
}

Table table_from_bytes(const std::string& bytes) {
  const nlohmann::json parts = nlohmann::json::from_cbor(bytes);
  Table table(parts.at(0).get<std::vector<std::string>>());
  for (const nlohmann::json& cells : parts.at(1)) {
    std::vector<Cell> row;
    for (const nlohmann::json& cell : cells) row.push_back(cell_of(cell));
    table.add(std::move(row));
  }
  for (const nlohmann::json& note : parts.at(2)) table.note(note.get<std::string>());
  return table;
}

}  // namespace ldpsim
