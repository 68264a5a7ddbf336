// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>

#include "sim/arch/arch_spec.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/arch/yaml_file.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/core/utf8.hpp"

namespace ldpsim {
namespace {

constexpr const char* kOnce[] = {"name", "description", "base", "sources", "assumed", "not_modelled"};

struct Entry {
  std::string key, value, where;
};

/// One YAML file, flattened to dotted keys but not yet checked against the documented ones.
struct ArchFile {
  std::string file, name, description, base, base_where;
  std::vector<Entry> values, sources, assumed;
  std::vector<std::string> not_modelled;
};

std::string scalar(const std::string& where, const std::string& key, const YAML::Node& node) {
  if (!node.IsScalar())
    throw UserError(where, fmt::format("'{}' must be a single value", key),
                    "write " + key.substr(key.rfind('.') + 1) + ": VALUE");
  return node.Scalar();
}

void add_entry(std::vector<Entry>& entries, Entry entry) {
  const auto same = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == entry.key; });
  if (same != entries.end())
    throw UserError(entry.where, fmt::format("'{}' is given twice", entry.key), "the first is at " + same->where);
  entries.push_back(std::move(entry));
}

/// Key -> text, for `sources` and `assumed`, whose keys are dotted already.
std::vector<Entry> texts(const std::string& file, const std::string& section, const YAML::Node& node) {
  std::vector<Entry> entries;
  if (node.IsNull()) return entries;
  if (!node.IsMap())
    throw UserError(yaml_place(file, node), fmt::format("'{}' must map keys to texts", section),
                    "write " + section + ": {array.rows: why}");
  for (const auto& item : node) {
    const std::string key = item.first.Scalar();
    add_entry(entries, {key, scalar(yaml_place(file, item.first), section + "." + key, item.second),
                        yaml_place(file, item.first)});
  }
  return entries;
}

void flatten(const std::string& file, const std::string& prefix, const YAML::Node& node, std::vector<Entry>& entries) {
  for (const auto& item : node) {
    const std::string key = prefix + item.first.Scalar();
    if (item.second.IsMap()) {
      flatten(file, key + ".", item.second, entries);
    } else {
      add_entry(entries, {key, scalar(yaml_place(file, item.first), key, item.second), yaml_place(file, item.first)});
    }
  }
}

ArchFile read_file(const std::string& file) {
  const YAML::Node root = read_yaml(file, "give a machine of 'ldpsim list archs' or a YAML file");
  if (!root.IsMap()) throw UserError(file + ":1", "not a machine description", "expected 'key: value' lines");
  ArchFile arch;
  arch.file = file;
  arch.name = std::filesystem::path(file).stem().string();
  std::map<std::string, std::string> first_at;  // sections may be there twice: their keys are looked at one by one
  for (const auto& item : root) {
    const std::string key = item.first.Scalar();
    const auto [first, is_new] = first_at.emplace(key, yaml_place(file, item.first));
    if (!is_new && std::find(std::begin(kOnce), std::end(kOnce), key) != std::end(kOnce))
      throw UserError(yaml_place(file, item.first), fmt::format("'{}' is given twice", key),
                      "the first is at " + first->second);
    if (key == "name") {
      arch.name = scalar(yaml_place(file, item.first), key, item.second);
      if (!is_utf8(arch.name)) throw UserError(yaml_place(file, item.first), "the name is not UTF-8");
    } else if (key == "description") {
      arch.description = scalar(yaml_place(file, item.first), key, item.second);
    } else if (key == "base") {
      arch.base = scalar(yaml_place(file, item.first), key, item.second);
      arch.base_where = yaml_place(file, item.first);
    } else if (key == "sources") {
      arch.sources = texts(file, key, item.second);
    } else if (key == "assumed") {
      arch.assumed = texts(file, key, item.second);
    } else if (key == "not_modelled") {
      if (!item.second.IsSequence())
        throw UserError(yaml_place(file, item.first), "'not_modelled' must be a list", "write one '- text' a line");
      for (const auto& line : item.second) arch.not_modelled.push_back(scalar(yaml_place(file, line), key, line));
    } else if (item.second.IsMap()) {
      flatten(file, key + ".", item.second, arch.values);
    } else {
      add_entry(arch.values,
                {key, scalar(yaml_place(file, item.first), key, item.second), yaml_place(file, item.first)});
    }
  }
  return arch;
}

std::string file_of(const std::string& name_or_file, const std::string& where) {
  if (names_yaml_file(name_or_file)) return name_or_file;
  const std::string file = data_directory("arch_configs") + "/" + name_or_file + ".yaml";
  if (!std::filesystem::exists(file))
    throw UserError(where, fmt::format("no machine named '{}'", name_or_file),
                    allowed_hint(name_or_file, arch_names()));
  return file;
}

/// The file and its bases, the most basic one first.
std::vector<ArchFile> read_chain(const std::string& name_or_file) {
  std::vector<ArchFile> chain{read_file(file_of(name_or_file, "--arch"))};
  while (!chain.front().base.empty()) {
    const ArchFile& child = chain.front();
    std::string base = file_of(child.base, child.base_where);
    if (names_yaml_file(child.base)) base = beside_file(child.file, child.base);
    const auto same = [&](const ArchFile& seen) {
      std::error_code missing;
      return std::filesystem::equivalent(seen.file, base, missing);
    };
    if (std::any_of(chain.begin(), chain.end(), same))
      throw UserError(child.base_where, fmt::format("'base: {}' leads back to itself", child.base));
    chain.insert(chain.begin(), read_file(base));
  }
  return chain;
}

/// The last `array.kind` of the chain decides which keys there are.
const PeArrayKind& kind_of(const std::vector<ArchFile>& chain) {
  const Entry* kind = nullptr;
  for (const ArchFile& file : chain) {
    for (const Entry& entry : file.values) kind = entry.key == "array.kind" ? &entry : kind;
  }
  if (kind == nullptr)
    throw UserError(chain.back().file, "'array.kind' is missing", "ldpsim list arrays shows the kinds");
  return PeArrayRegistry::instance().find(kind->value, kind->where);
}

void require_all(const ArchSpec& arch) {
  for (const Parameter& parameter : arch.parameters()) {
    if (arch.values().count(parameter.key) != 0) continue;
    const std::string unit = parameter.unit.empty() ? "" : " in " + parameter.unit;
    throw UserError(arch.file, fmt::format("'{}' is missing", parameter.key),
                    fmt::format("it is {}{}", parameter.doc, unit));
  }
}

}  // namespace

ArchSpec load_arch(const std::string& name_or_file) {
  const std::vector<ArchFile> chain = read_chain(name_or_file);
  ArchSpec arch;
  arch.name = chain.back().name;
  arch.file = chain.back().file;
  arch.parameters_ = common_parameters();
  const PeArrayKind& kind = kind_of(chain);
  arch.parameters_.insert(arch.parameters_.end(), kind.parameters.begin(), kind.parameters.end());
  for (const Parameter& parameter : arch.parameters_) {
    if (parameter.initial) arch.values_[parameter.key] = *parameter.initial;
    if (!parameter.assumed.empty()) arch.assumed[parameter.key] = parameter.assumed;
  }
  for (const ArchFile& file : chain) {
    if (!file.description.empty()) arch.description = file.description;
    if (!file.not_modelled.empty()) arch.not_modelled = file.not_modelled;
    for (const Entry& entry : file.values) {
      if (entry.key == "array.kind") arch.values_.erase(entry.key);
      const bool names_file = entry.key == "energy.table" && names_yaml_file(entry.value);
      arch.set(entry.key, names_file ? beside_file(file.file, entry.value) : entry.value, entry.where);
    }
    for (const Entry& entry : file.sources) {
      arch.sources[find_parameter(arch.parameters_, entry.key, entry.where).key] = entry.value;
      arch.assumed.erase(entry.key);
    }
    for (const Entry& entry : file.assumed) {
      arch.assumed[find_parameter(arch.parameters_, entry.key, entry.where).key] = entry.value;
      arch.sources.erase(entry.key);
    }
  }
  require_all(arch);
  return arch;
}

}  // namespace ldpsim
