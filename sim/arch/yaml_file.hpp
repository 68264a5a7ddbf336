// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <map>
#include <string>
#include <vector>

namespace ldpsim {

/// "file:line" of a node; the file alone of a node that was not read from one.
std::string yaml_place(const std::string& file, const YAML::Node& node);

/// The root of a file of one document. Throws UserError with `hint` if it cannot be read, and with the line if it is
/// not YAML or nested without end (an alias may stand within what it names).
YAML::Node read_yaml(const std::string& file, const std::string& hint);

/// Whether something that is named is a YAML file, not one of the program's own by its name.
bool names_yaml_file(const std::string& named);

/// The file `named` in `file`: beside it, unless its path is absolute.
std::string beside_file(const std::string& file, const std::string& named);

/// Throws UserError naming a key of the map `node` that is not in `allowed`.
void check_yaml_keys(const std::string& file, const YAML::Node& node, const std::vector<std::string>& allowed);

/// A map of single values, e.g. a row of a table. Whatever is wrong is a UserError with file and line.
class YamlRow {
 public:
  /// `form` shows what a row looks like, for the error of one that is something else.
  YamlRow(const std::string& file, const YAML::Node& node, const std::vector<std::string>& required,
          const std::vector<std::string>& optional, const std::string& form);
  bool has(const std::string& key) const { return !text(key).empty(); }
  /// "" if the row does not have the key.
  const std::string& text(const std::string& key) const;
  double number(const std::string& key, double least, double most) const;
  std::string choice(const std::string& key, const std::vector<std::string>& choices) const;
  const std::string& where() const { return where_; }

 private:
  std::string where_;
  std::map<std::string, std::string> texts_;
};

}  // namespace ldpsim
