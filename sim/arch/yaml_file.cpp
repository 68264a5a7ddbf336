// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/yaml_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/arch/parameter.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {

std::string yaml_place(const std::string& file, const YAML::Node& node) {
  return node.Mark().is_null() ? file : fmt::format("{}:{}", file, node.Mark().line + 1);
}

YAML::Node read_yaml(const std::string& file, const std::string& hint) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) throw UserError(file, "cannot be read", hint);
  std::stringstream text;
  text << in.rdbuf();
  try {
    return YAML::Load(text.str());
  } catch (const YAML::Exception& error) {
    throw UserError(fmt::format("{}:{}", file, error.mark.line + 1), "not valid YAML: " + error.msg);
  }
}

void check_yaml_keys(const std::string& file, const YAML::Node& node, const std::vector<std::string>& allowed) {
  for (const auto& item : node) {
    const std::string& name = item.first.Scalar();
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      throw UserError(yaml_place(file, item.first), fmt::format("unknown key '{}'", name), allowed_hint(name, allowed));
  }
}

YamlRow::YamlRow(const std::string& file, const YAML::Node& node, const std::vector<std::string>& required,
                 const std::vector<std::string>& optional, const std::string& form)
    : where_(yaml_place(file, node)) {
  if (!node.IsMap()) throw UserError(where_, "a row must be 'key: value' pairs", "write " + form);
  std::vector<std::string> allowed = required;
  allowed.insert(allowed.end(), optional.begin(), optional.end());
  check_yaml_keys(file, node, allowed);
  for (const auto& item : node) {
    if (!item.second.IsScalar())
      throw UserError(yaml_place(file, item.first), fmt::format("'{}' must be a single value", item.first.Scalar()));
    texts_[item.first.Scalar()] = item.second.Scalar();
  }
  for (const std::string& key : required) {
    if (!has(key)) throw UserError(where_, fmt::format("the row lacks '{}'", key), "write " + form);
  }
}

const std::string& YamlRow::text(const std::string& key) const {
  static const std::string kNone;
  const auto found = texts_.find(key);
  return found == texts_.end() ? kNone : found->second;
}

double YamlRow::number(const std::string& key, double least, double most) const {
  return std::get<double>(
      parse_value({.key = key, .type = ValueType::kReal, .least = least, .most = most}, text(key), where_));
}

std::string YamlRow::choice(const std::string& key, const std::vector<std::string>& choices) const {
  return std::get<std::string>(
      parse_value({.key = key, .type = ValueType::kText, .choices = choices}, text(key), where_));
}

}  // namespace ldpsim
