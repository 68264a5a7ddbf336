// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/network_csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "sim/core/csv.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/workload/layer_name.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kAny = std::int64_t{1} << 40;  // Layer::check() knows the range and says it better

enum Column : std::size_t {
  kName,
  kKind,
  kInChannels,
  kOutChannels,
  kInHeight,
  kInWidth,
  kKernelHeight,
  kKernelWidth,
  kStride,
  kPadding,
  kGroups,
  kDilation,
  kQuantised,
  kWeightBits,
  kActivationBits,
  kGradientBits
};

constexpr const char* kSizes = "1 to 16777216";  // as Layer::check() has it

const std::vector<CsvColumn> kColumns{{"name"},
                                      {"kind"},
                                      {"in_channels", true, kSizes},
                                      {"out_channels", true, kSizes},
                                      {"in_height", false, kSizes},
                                      {"in_width", false, kSizes},
                                      {"kernel_height", false, kSizes},
                                      {"kernel_width", false, kSizes},
                                      {"stride", false, kSizes},
                                      {"padding", false, "0 to 16777215"},
                                      {"groups", false, kSizes},
                                      {"dilation", false, kSizes},
                                      {"quantised", false},
                                      {"weight_bits", false},
                                      {"activation_bits", false},
                                      {"gradient_bits", false}};

bool read_flag(const CsvTable& table, std::size_t column, bool absent) {
  const std::string& text = table.text(column);
  if (text.empty()) return absent;
  if (text == "1" || text == "true") return true;
  if (text == "0" || text == "false") return false;
  throw UserError(table.where(), fmt::format("'{}' is '{}'", kColumns[column].name, text),
                  "allowed: 0, 1, false, true");
}

Layer read_layer(const CsvTable& table) {
  Layer layer;
  layer.name = table.text(kName);
  if (layer.name.empty()) table.missing(kName);
  check_layer_name(layer.name, table.where());
  layer.kind = layer_kind_of(table.text(kKind), table.where());
  const auto size = [&](std::size_t column, std::int64_t absent) {
    // A convolution has no obvious size where none is given.
    if (layer.kind == LayerKind::kConv && column >= kInHeight && column <= kPadding && table.text(column).empty())
      table.missing(column);
    return table.integer(column, -kAny, kAny, absent);
  };
  layer.in_channels = size(kInChannels, 1);
  layer.out_channels = size(kOutChannels, 1);
  layer.in_height = size(kInHeight, 1);
  layer.in_width = size(kInWidth, 1);
  layer.kernel_height = size(kKernelHeight, 1);
  layer.kernel_width = size(kKernelWidth, 1);
  layer.stride = size(kStride, 1);
  layer.padding = size(kPadding, 0);
  layer.groups = size(kGroups, 1);
  layer.dilation = size(kDilation, 1);
  layer.quantised = read_flag(table, kQuantised, true);
  layer.check(table.where());
  return layer;
}

}  // namespace

NetworkTable read_network_csv(const std::string& file) {
  CsvTable table(file, kColumns);
  NetworkTable result;
  result.network.name = std::filesystem::path(file).stem().string();
  std::set<std::string> names;
  while (table.next()) {
    result.network.layers.push_back(read_layer(table));
    const auto bits = [&](std::size_t column) { return static_cast<int>(table.integer(column, 1, 16, 8)); };
    result.bits.push_back({bits(kWeightBits), bits(kActivationBits), bits(kGradientBits)});
    const std::string& name = result.network.layers.back().name;
    if (!names.insert(name).second)
      throw UserError(table.where(), "layer '" + name + "' is there twice", "give every layer a name of its own");
  }
  if (result.network.layers.empty())
    throw UserError(file, "the file has no layers", "expected a row for each layer under the header");
  return result;
}

void apply_profile(NetworkTable& table, const std::string& file) {
  CsvTable profile(file, {{"layer"}, {"weight_bits", false}, {"activation_bits", false}, {"gradient_bits", false}});
  std::vector<std::string> names;
  for (const Layer& layer : table.network.layers) names.push_back(layer.name);
  std::set<std::string> seen;
  while (profile.next()) {
    const std::string& name = profile.text(0);
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end())
      throw UserError(profile.where(), fmt::format("network {} has no layer '{}'", table.network.name, name),
                      allowed_hint(name, names));
    if (!seen.insert(name).second)
      throw UserError(profile.where(), "layer '" + name + "' is there twice", "give every layer one line");
    const auto layer = static_cast<std::size_t>(at - names.begin());
    if (!table.network.layers[layer].quantised)
      throw UserError(profile.where(), "layer '" + name + "' is float in the network's table",
                      "it has no precision; leave it out");
    LayerBits& bits = table.bits[layer];
    const auto set = [&](std::size_t column, int& value) {
      value = static_cast<int>(profile.integer(column, 1, 16, value));
    };
    set(1, bits.weight);
    set(2, bits.activation);
    set(3, bits.gradient);
  }
  if (seen.empty()) throw UserError(file, "the profile names no layer", "expected a line a layer below the header");
}

std::string write_network_csv(const Network& network, std::span<const LayerBits> bits) {
  std::string text;
  for (const CsvColumn& column : kColumns) text += (text.empty() ? "" : ",") + column.name;
  text += "\n";
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& l = network.layers[i];
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(l.name), name_of(l.kind),
                        l.in_channels, l.out_channels, l.in_height, l.in_width, l.kernel_height, l.kernel_width,
                        l.stride, l.padding, l.groups, l.dilation, l.quantised ? 1 : 0, bits[i].weight,
                        bits[i].activation, bits[i].gradient);
  }
  return text;
}

}  // namespace ldpsim
