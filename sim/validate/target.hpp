// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ldpsim {

/// A published figure that a machine is held against, as a file of published/validation/ quotes it. Nothing here is
/// computed.
struct Target {
  std::string check;              ///< id of the check, e.g. "V4"
  std::string quantity;           ///< what is compared, in words
  std::string machine, workload;  ///< on what, in words
  double least = 0, most = 0;     ///< expected; equal unless the publication gives a range
  std::string unit;               ///< of the expected figure; empty: a ratio
  double tolerance = 0;
  bool tolerance_is_relative = true;    ///< tolerance in percent of the expected figure; else in its unit
  std::string source, confidence;       ///< confidence: found | memory | derived
  std::vector<std::string> calibrated;  ///< constants that were set to reach this figure; empty: it is a prediction
  std::string remark;                   ///< what a reader should know of this figure
  std::string where;                    ///< file:line

  /// Further keys of the target, which its check reads. Throw UserError at `where` if the key is missing or has the
  /// wrong type.
  const std::string& text(const std::string& key) const;
  double real(const std::string& key) const;
  std::int64_t integer(const std::string& key) const;
  bool has(const std::string& key) const { return parameters.contains(key); }
  std::map<std::string, std::string> parameters;
};

/// The targets of one file, in its order. The file is a map: `targets` is a list of maps, one a figure, and every other
/// key is that of each target which does not have its own. Keys: quantity, machine, workload, expected (a number or
/// [least, most]), unit, tolerance ("exact", "1 %" or "1 point", a point being one unit), source, confidence,
/// calibrated (a list), remark, and what the check reads. Throws UserError at file:line.
std::vector<Target> read_targets(const std::string& check, const std::string& file);

}  // namespace ldpsim
