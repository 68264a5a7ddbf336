// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/technology.hpp"

#include <fmt/format.h>

#include "sim/arch/arch_spec.hpp"
#include "sim/arch/yaml_file.hpp"
#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

/// The coefficients of a polynomial, the highest power first.
template <std::size_t count>
std::array<double, count> coefficients(const std::string& file, const YAML::Node& row, const char* key) {
  const YAML::Node list = row[key];
  std::array<double, count> numbers{};
  if (!list || !list.IsSequence() || list.size() != count)
    throw UserError(yaml_place(file, row), fmt::format("'{}' must be a list of {} numbers", key, count));
  for (std::size_t i = 0; i < count; ++i) numbers[i] = list[i].as<double>();
  return numbers;
}

template <std::size_t count>
double polynomial(const std::array<double, count>& coefficients, double x) {
  double sum = 0;
  for (const double c : coefficients) sum = sum * x + c;
  return sum;
}

}  // namespace

std::string text_of(const Technology& technology) {
  return fmt::format("{} nm, {} V", technology.nm, technology.voltage);
}

const TechnologyScaling& TechnologyScaling::instance() {
  static const TechnologyScaling kScaling(data_directory("arch_configs") + "/technology/scaling.yaml");
  return kScaling;
}

TechnologyScaling::TechnologyScaling(const std::string& file) {
  const YAML::Node root = read_yaml(file, "it holds the rule by which technologies are compared");
  check_yaml_keys(file, root, {"name", "source", "confidence", "description", "nodes", "area"});
  try {
    name_ = root["name"].as<std::string>();
    for (const auto& node : root["nodes"]) {
      check_yaml_keys(file, node, {"technology_nm", "voltage", "energy", "delay", "assumed"});
      nodes_.push_back({.nm = node["technology_nm"].as<double>(),
                        .voltage = node["voltage"].as<double>(),
                        .energy = coefficients<3>(file, node, "energy"),
                        .delay = coefficients<4>(file, node, "delay")});
    }
    for (const auto& row : root["area"]) area_.push_back(row.as<std::vector<double>>());
  } catch (const YAML::Exception& error) {
    throw UserError(fmt::format("{}:{}", file, error.mark.line + 1), "a name or number is missing: " + error.msg);
  }
  bool square = !nodes_.empty() && area_.size() == nodes_.size();
  for (const auto& row : area_) square = square && row.size() == nodes_.size();
  if (!square) throw UserError(file, "'area' must have a row and a column for each of 'nodes'");
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    if (nodes_[i].nm >= nodes_[i - 1].nm) throw UserError(file, "'nodes' must run from the largest to the smallest");
  }
}

TechnologyScaling::Position TechnologyScaling::position(double nm) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nm == nodes_[i].nm) return {i, i, 0};
    if (i > 0 && nm < nodes_[i - 1].nm && nm > nodes_[i].nm)
      return {i - 1, i, (nodes_[i - 1].nm - nm) / (nodes_[i - 1].nm - nodes_[i].nm)};
  }
  throw InternalError(fmt::format("{} nm was not checked", nm));
}

void TechnologyScaling::check(double nm, const std::string& where) const {
  if (nm >= nodes_.back().nm && nm <= nodes_.front().nm) return;
  throw UserError(where, fmt::format("{} nm is outside of the rule of {}", nm, name_),
                  fmt::format("allowed: {} to {} nm", nodes_.back().nm, nodes_.front().nm));
}

template <typename Figure>
double TechnologyScaling::interpolated(double nm, Figure figure) const {
  const Position at = position(nm);
  return figure(at.larger) + at.share * (figure(at.smaller) - figure(at.larger));  // exact if both are the same
}

double TechnologyScaling::nominal_voltage(double nm) const {
  return interpolated(nm, [&](std::size_t i) { return nodes_[i].voltage; });
}

double TechnologyScaling::energy_factor(const Technology& from, const Technology& to) const {
  const auto energy = [&](const Technology& t) {
    return interpolated(t.nm, [&](std::size_t i) { return polynomial(nodes_[i].energy, t.voltage); });
  };
  return from == to ? 1 : energy(to) / energy(from);
}

double TechnologyScaling::delay_factor(const Technology& from, const Technology& to) const {
  const auto delay = [&](const Technology& t) {
    return interpolated(t.nm, [&](std::size_t i) { return polynomial(nodes_[i].delay, t.voltage); });
  };
  return from == to ? 1 : delay(to) / delay(from);
}

double TechnologyScaling::area_from(std::size_t node, double to_nm) const {
  return interpolated(to_nm, [&](std::size_t i) { return area_[node][i]; });
}

double TechnologyScaling::area_factor(double from_nm, double to_nm) const {
  // through the row of the origin's larger neighbour: areas of rows of different nodes do not interpolate linearly
  const std::size_t row = position(from_nm).larger;
  return from_nm == to_nm ? 1 : area_from(row, to_nm) / area_from(row, from_nm);
}

std::string TechnologyScaling::interpolation_text(double nm) const {
  const Position at = position(nm);
  if (at.larger == at.smaller) return "";
  return fmt::format(" ({} nm between {} and {} nm)", nm, nodes_[at.larger].nm, nodes_[at.smaller].nm);
}

}  // namespace ldpsim
