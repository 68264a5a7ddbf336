// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ldpsim {

/// Throws UserError at the second of two equal keys of a map, anywhere below `node`: readers of YAML take either.
void refuse_repeated_keys(const std::string& file, const YAML::Node& node);

/// A map of an experiment's file. Whatever is wrong with it is a UserError with file and line.
class YamlSection {
 public:
  /// `what` and `form` are for errors: "a row" and how one is written. Throws UserError if `node` is no map, or has a
  /// key that is neither in `required` nor in `optional`, or lacks a required one.
  YamlSection(std::string file, const YAML::Node& node, const std::string& what, const std::string& form,
              const std::vector<std::string>& required, const std::vector<std::string>& optional);
  bool has(const std::string& key) const { return values_.contains(key); }
  const std::string& where() const { return where_; }
  /// Place of a key; of the map if it has no such key.
  std::string where(const std::string& key) const;

  std::string text(const std::string& key) const;  ///< of a required key
  std::string text(const std::string& key, const std::string& otherwise) const;
  bool flag(const std::string& key) const;  ///< false without the key
  /// One of `allowed`; the first of them without the key.
  std::string choice(const std::string& key, const std::vector<std::string>& allowed) const;
  /// A list of one or more words, none of them twice; empty only without the key.
  std::vector<std::string> words(const std::string& key) const;
  /// A map of words to words; empty without the key.
  std::map<std::string, std::string> pairs(const std::string& key) const;
  /// What stands behind the key of a list or of a map; nothing without the key.
  std::vector<YAML::Node> list(const std::string& key) const;
  std::vector<std::pair<std::string, YAML::Node>> map(const std::string& key) const;

 private:
  struct Value {
    YAML::Node key, value;
  };
  const YAML::Node& value(const std::string& key) const { return values_.at(key).value; }
  [[noreturn]] void refuse(const std::string& key, const std::string& why, const std::string& hint) const;

  std::string file_, where_;
  std::map<std::string, Value> values_;
};

}  // namespace ldpsim
