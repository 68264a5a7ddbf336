// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/network_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

const std::vector<std::string> kColumns{"name",     "kind",          "in_channels",  "out_channels",    "in_height",
                                        "in_width", "kernel_height", "kernel_width", "stride",          "padding",
                                        "dilation", "groups",        "weight_bits",  "activation_bits", "gradient_bits",
                                        "quantised"};
constexpr std::array kRequired{"name", "kind", "in_channels", "out_channels"};
constexpr int kLargestBits = 16;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = line.find(',', begin);
    cells.push_back(trimmed(std::string_view(line).substr(begin, end == std::string::npos ? end : end - begin)));
    if (end == std::string::npos) return cells;
    begin = end + 1;
  }
}

void check_header(const std::vector<std::string>& header, const std::string& where) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (std::find(kColumns.begin(), kColumns.end(), header[i]) == kColumns.end()) {
      throw UserError(where, "unknown column '" + header[i] + "'", allowed_hint(header[i], kColumns));
    }
    if (std::find(header.begin(), header.begin() + static_cast<std::ptrdiff_t>(i), header[i]) !=
        header.begin() + static_cast<std::ptrdiff_t>(i)) {
      throw UserError(where, "column '" + header[i] + "' appears twice");
    }
  }
  for (const char* column : kRequired) {
    if (std::find(header.begin(), header.end(), column) == header.end()) {
      throw UserError(where, std::string("column '") + column + "' is missing",
                      "required: name, kind, in_channels, out_channels");
    }
  }
}

/// One line of the table: column name -> text of the cell.
struct Row {
  std::string where;
  std::map<std::string, std::string> cells;

  std::int64_t integer(const std::string& column, std::int64_t unset) const {
    const auto found = cells.find(column);
    if (found == cells.end() || found->second.empty()) return unset;
    const std::string& text = found->second;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
      throw UserError(where, column + " is '" + text + "'", "expected a whole number");
    }
    return value;
  }
  int bits(const std::string& column, int unset) const {
    const std::int64_t value = integer(column, unset);
    if (value < 0 || value > kLargestBits) {
      throw UserError(where, column + " is " + std::to_string(value),
                      "allowed: 1 to 16, or 0 in all three columns for a float layer");
    }
    return static_cast<int>(value);
  }
};

Layer layer_of(const Row& row) {
  Layer layer;
  layer.name = row.cells.at("name");
  if (layer.name.empty()) throw UserError(row.where, "the layer has no name");
  layer.kind = layer_kind_of(row.cells.at("kind"), row.where);
  for (const char* column : {"in_channels", "out_channels"}) {
    if (row.cells.at(column).empty()) throw UserError(row.where, "layer '" + layer.name + "': " + column + " is empty");
  }
  layer.in_channels = row.integer("in_channels", 1);
  layer.out_channels = row.integer("out_channels", 1);
  layer.in_height = row.integer("in_height", 1);
  layer.in_width = row.integer("in_width", 1);
  layer.kernel_height = row.integer("kernel_height", 1);
  layer.kernel_width = row.integer("kernel_width", 1);
  layer.stride = row.integer("stride", 1);
  layer.padding = row.integer("padding", 0);
  layer.dilation = row.integer("dilation", 1);
  layer.groups = row.integer("groups", 1);
  layer.quantised = row.integer("quantised", 1) != 0;
  layer.check(row.where);
  return layer;
}

LayerBits bits_of(const Row& row, const LayerBits& unset) {
  const LayerBits bits{row.bits("weight_bits", unset.weight), row.bits("activation_bits", unset.activation),
                       row.bits("gradient_bits", unset.gradient)};
  return bits;
}

}  // namespace

NetworkTable read_network(const std::string& file, LayerBits unset) {
  std::ifstream in(file);
  if (!in || std::filesystem::is_directory(file)) {
    throw DamagedFile(file, std::string("cannot be read: ") + std::strerror(in ? EISDIR : errno),
                      "expected a NETWORK.csv");
  }
  NetworkTable table;
  table.network.name = std::filesystem::path(file).stem().string();
  std::vector<std::string> header;
  std::set<std::string> names;
  std::string line;
  for (std::int64_t number = 1; std::getline(in, line); ++number) {
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // spreadsheets write a byte order mark
    if (trimmed(line).empty() || trimmed(line).front() == '#') continue;
    const std::vector<std::string> cells = cells_of(line);
    Row row{file + ":" + std::to_string(number), {}};
    if (header.empty()) {
      check_header(cells, row.where);
      header = cells;
      continue;
    }
    if (cells.size() != header.size()) {
      throw UserError(row.where, std::to_string(cells.size()) + " cells, but the header has " +
                                     std::to_string(header.size()) + " columns");
    }
    for (std::size_t i = 0; i < header.size(); ++i) row.cells[header[i]] = cells[i];
    Layer layer = layer_of(row);
    if (!names.insert(layer.name).second) throw UserError(row.where, "layer '" + layer.name + "' appears twice");
    table.bits.push_back(bits_of(row, unset));
    table.network.layers.push_back(std::move(layer));
  }
  if (in.bad()) throw DamagedFile(file, "cannot be read to its end", "expected a NETWORK.csv");
  if (header.empty())
    throw UserError(file, "is empty", "the first line must name the columns: name,kind,in_channels,out_channels,...");
  if (table.network.layers.empty())
    throw UserError(file, "has no layers", "a line a layer is expected under the header");
  return table;
}

}  // namespace ldpsim
