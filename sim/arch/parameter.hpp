// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace ldpsim {

using Value = std::variant<bool, std::int64_t, double, std::string>;
enum class ValueType { kFlag, kInteger, kReal, kText };

/// One documented key. The one list of these drives parsing, the refusal of unknown keys, --set and --grid, `ldpsim explain`, the
/// README's tables and the dump of the effective configuration.
struct Parameter {
  std::string key;                 ///< dotted, e.g. "array.rows"
  ValueType type = ValueType::kInteger;
  std::string unit;                ///< "bit", "byte", "MHz", "cycle", ... or ""
  std::optional<Value> initial;    ///< default; none = required
  double least = 0, most = 1e18;   ///< range of numbers, inclusive
  std::vector<std::string> choices;  ///< of a text; empty = any
  std::string doc;                 ///< one sentence
};

}  // namespace ldpsim
