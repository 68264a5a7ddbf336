// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>

#include "sim/core/error.hpp"

namespace ldpsim {

/// A YAML file whose errors name file and line. For rooms that link yaml-cpp.
class YamlDocument {
 public:
  /// Throws DamagedFile if the file cannot be read, UserError at file:line if it is not YAML.
  explicit YamlDocument(std::string file) : file_(std::move(file)) {
    try {
      root_ = YAML::LoadFile(file_);
    } catch (const YAML::BadFile&) {
      throw DamagedFile(file_, "cannot be read", "expected a file of published figures");
    } catch (const YAML::ParserException& error) {
      throw UserError(file_ + ":" + std::to_string(error.mark.line + 1), error.msg);
    }
  }
  const YAML::Node& root() const { return root_; }
  const std::string& file() const { return file_; }
  std::string where(const YAML::Node& node) const { return file_ + ":" + std::to_string(node.Mark().line + 1); }
  /// The value of a key. Throws UserError if it is missing or is no T.
  template <class T>
  T need(const YAML::Node& map, const std::string& key) const {
    if (!map[key]) throw UserError(where(map), "key '" + key + "' is missing");
    try {
      return map[key].as<T>();
    } catch (const YAML::Exception&) {
      throw UserError(where(map[key]), "'" + key + "' has the wrong type");
    }
  }
  template <class T>
  T get(const YAML::Node& map, const std::string& key, T otherwise) const {
    return map[key] ? need<T>(map, key) : otherwise;
  }

 private:
  std::string file_;
  YAML::Node root_;
};

}  // namespace ldpsim
