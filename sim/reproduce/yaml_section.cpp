// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/yaml_section.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "sim/arch/yaml_file.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

constexpr int kDeepest = 16;  // an alias may lead a node back into itself

void refuse_repeated_keys_below(const std::string& file, const YAML::Node& node, int depth) {
  if (depth > kDeepest) throw UserError(yaml_place(file, node), "is nested too deeply");
  std::map<std::string, std::string> places;
  for (const auto& item : node) {
    if (node.IsMap()) {
      const std::string& key = item.first.Scalar();
      const auto [first, is_new] = places.emplace(key, yaml_place(file, item.first));
      if (!is_new)
        throw UserError(yaml_place(file, item.first), fmt::format("'{}' is given twice", key),
                        "the first is at " + first->second);
      refuse_repeated_keys_below(file, item.second, depth + 1);
    } else {
      refuse_repeated_keys_below(file, item, depth + 1);
    }
  }
}

/// Words become arguments of the trainer, which are sent to it a line a run and separated by tabs.
bool is_word(const YAML::Node& node) {
  return node.IsScalar() && !node.Scalar().empty() &&
         std::none_of(node.Scalar().begin(), node.Scalar().end(), [](unsigned char c) { return std::iscntrl(c) != 0; });
}

}  // namespace

void refuse_repeated_keys(const std::string& file, const YAML::Node& node) {
  refuse_repeated_keys_below(file, node, 0);
}

YamlSection::YamlSection(std::string file, const YAML::Node& node, const std::string& what, const std::string& form,
                         const std::vector<std::string>& required, const std::vector<std::string>& optional)
    : file_(std::move(file)), where_(yaml_place(file_, node)) {
  if (!node.IsMap()) throw UserError(where_, what + " must be 'key: value' pairs", "write " + form);
  std::vector<std::string> allowed = required;
  allowed.insert(allowed.end(), optional.begin(), optional.end());
  check_yaml_keys(file_, node, allowed);
  for (const auto& item : node) values_.insert({item.first.Scalar(), {item.first, item.second}});
  for (const std::string& key : required) {
    if (!has(key)) throw UserError(where_, fmt::format("{} lacks '{}'", what, key), "write " + form);
  }
}

std::string YamlSection::where(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? where_ : yaml_place(file_, found->second.key);
}

void YamlSection::refuse(const std::string& key, const std::string& why, const std::string& hint) const {
  throw UserError(where(key), fmt::format("'{}' {}", key, why), hint);
}

std::string YamlSection::text(const std::string& key) const {
  if (!value(key).IsScalar()) refuse(key, "must be a single value", fmt::format("write {}: TEXT", key));
  return value(key).Scalar();
}

std::string YamlSection::text(const std::string& key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

bool YamlSection::flag(const std::string& key) const {
  if (!has(key)) return false;
  bool on = false;
  if (!YAML::convert<bool>::decode(value(key), on))
    refuse(key, fmt::format("is '{}'", value(key).Scalar()), "allowed: true, false");
  return on;
}

std::string YamlSection::choice(const std::string& key, const std::vector<std::string>& allowed) const {
  const std::string chosen = text(key, allowed.front());
  if (std::find(allowed.begin(), allowed.end(), chosen) == allowed.end())
    throw UserError(where(key), fmt::format("unknown {} '{}'", key, chosen), allowed_hint(chosen, allowed));
  return chosen;
}

std::vector<std::string> YamlSection::words(const std::string& key) const {
  std::vector<std::string> words;
  for (const YAML::Node& one : list(key)) {
    if (!is_word(one)) refuse(key, "must be a list of names", fmt::format("write {}: [NAME, NAME]", key));
    if (std::find(words.begin(), words.end(), one.Scalar()) != words.end())
      refuse(key, fmt::format("has '{}' twice", one.Scalar()), "name it once");
    words.push_back(one.Scalar());
  }
  return words;
}

std::map<std::string, std::string> YamlSection::pairs(const std::string& key) const {
  std::map<std::string, std::string> pairs;
  for (const auto& [name, one] : map(key)) {
    if (!is_word(one))
      throw UserError(yaml_place(file_, one), fmt::format("'{}' in '{}' must be a single value", name, key),
                      fmt::format("write {}: VALUE", name));
    pairs[name] = one.Scalar();
  }
  return pairs;
}

std::vector<YAML::Node> YamlSection::list(const std::string& key) const {
  std::vector<YAML::Node> all;
  if (!has(key)) return all;
  if (!value(key).IsSequence()) refuse(key, "must be a list", fmt::format("write {}: and one '- ...' a line", key));
  for (const YAML::Node& one : value(key)) all.push_back(one);
  if (all.empty()) refuse(key, "is empty", "name at least one");
  return all;
}

std::vector<std::pair<std::string, YAML::Node>> YamlSection::map(const std::string& key) const {
  std::vector<std::pair<std::string, YAML::Node>> all;
  if (!has(key)) return all;
  if (!value(key).IsMap()) refuse(key, "must be 'key: value' pairs", fmt::format("write {}: {{NAME: VALUE}}", key));
  for (const auto& item : value(key)) {
    if (!is_word(item.first)) throw UserError(yaml_place(file_, item.first), "a key must be a single name");
    all.emplace_back(item.first.Scalar(), item.second);
  }
  return all;
}

}  // namespace ldpsim
