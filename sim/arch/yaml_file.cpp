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

namespace {

constexpr int kDeepest = 32;
constexpr int kMostNodes = 1'000'000;  // aliases of aliases make a small file endless

void check_depth(const std::string& file, const YAML::Node& node, int depth, int& nodes) {
  if (depth > kDeepest || ++nodes > kMostNodes)
    throw UserError(yaml_place(file, node), "is nested too deeply", "an alias may stand for something that holds it");
  for (const auto& item : node) {
    if (node.IsMap()) check_depth(file, item.first, depth + 1, nodes);
    check_depth(file, node.IsMap() ? item.second : item, depth + 1, nodes);
  }
}

}  // namespace

YAML::Node read_yaml(const std::string& file, const std::string& hint) {
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file)) throw UserError(file, "cannot be read", hint);
  std::stringstream text;
  text << in.rdbuf();
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(text.str());
  } catch (const YAML::Exception& error) {
    throw UserError(fmt::format("{}:{}", file, error.mark.line + 1), "not valid YAML: " + error.msg);
  }
  if (documents.size() > 1)
    throw UserError(yaml_place(file, documents[1]), "a second document begins",
                    "give one document a file, without ---");
  if (documents.empty()) return {};
  int nodes = 0;
  check_depth(file, documents[0], 0, nodes);
  return documents[0];
}

bool names_yaml_file(const std::string& named) {
  return named.find('/') != std::string::npos || named.ends_with(".yaml") || named.ends_with(".yml");
}

std::string beside_file(const std::string& file, const std::string& named) {
  return (std::filesystem::path(file).parent_path() / named).string();
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
