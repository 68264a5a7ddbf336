// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/arch/parameter.hpp"

namespace ldpsim {

/// A machine: a validated set of documented keys, read from YAML, changed by --set. Look-ups are by string: do them
/// once, when an array or a model is built, never per cycle.
class ArchSpec {
 public:
  std::string name;  ///< e.g. "stripes"
  std::string file;  ///< where it was read from
  std::string description;
  std::vector<std::string> not_modelled;       ///< printed in every report
  std::map<std::string, std::string> assumed;  ///< key -> reason, for every value that no source gives
  std::map<std::string, std::string> sources;  ///< key -> where the value is published

  std::int64_t integer(const std::string& key) const;
  double real(const std::string& key) const;
  bool flag(const std::string& key) const;
  const std::string& text(const std::string& key) const;

  /// Parses, checks type, range and choices, and stores; what was said of the old value (sources, assumed) is dropped.
  /// dram.preset sets dram.pj_per_bit as well. Throws UserError at `where` ("--set array.rows=x", "file.yaml:12").
  void set(const std::string& key, const std::string& value, const std::string& where);
  const std::map<std::string, Value>& values() const { return values_; }
  /// Canonical text of every value ("key=value\n", sorted): the machine's part of a content key.
  std::string canonical() const;
  /// The keys this machine knows: the common ones and those of its kind of array ("array.kind").
  const std::vector<Parameter>& parameters() const { return parameters_; }
  bool knows(const std::string& key) const;
  /// Where a value was set ("--set energy.table=x", "file.yaml:12"), for errors in what it names; the machine's file
  /// for a default.
  const std::string& place_of(const std::string& key) const;

 private:
  friend ArchSpec load_arch(const std::string&);
  std::map<std::string, Value> values_;
  std::map<std::string, std::string> places_;
  std::vector<Parameter> parameters_;
};

/// Loads `name_or_file`: a name out of arch_configs/ or a YAML file (anything with a '/' or ending in .yaml). Throws
/// UserError with file:line, the offending key or value, and the allowed ones.
ArchSpec load_arch(const std::string& name_or_file);

/// Names of the machines in arch_configs/, sorted.
std::vector<std::string> arch_names();

/// Keys every machine has (clock, buffers, DRAM, scale groups, accumulators, energy); a kind of array adds its own.
const std::vector<Parameter>& common_parameters();

/// Folder of the data files: $LDPSIM_DATA, or found relative to the executable (build tree or install prefix).
std::string data_directory(const std::string& name);

}  // namespace ldpsim
