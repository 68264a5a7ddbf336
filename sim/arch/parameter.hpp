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

/// One documented key. The one list of these drives parsing, the refusal of unknown keys, --set and --grid, `ldpsim
/// explain`, the README's tables and the dump of the effective configuration.
struct Parameter {
  std::string key{};  ///< dotted, e.g. "array.rows"
  ValueType type = ValueType::kInteger;
  std::string unit{};                  ///< "bit", "byte", "MHz", "cycle", ... or ""
  std::optional<Value> initial{};      ///< default; none = required
  double least = 0, most = 1e18;       ///< range of numbers, inclusive
  std::vector<std::string> choices{};  ///< of a text; empty = any
  std::string doc{};                   ///< one sentence
  std::string assumed{};  ///< why the default is a guess; holds for every machine that says nothing of its own
};

/// The allowed values as one word: "1..1024", "0..", "true|false", "free|per_group", "any text".
std::string range_text(const Parameter& parameter);
/// A value as it is written in YAML; reals in the fewest digits that give the same number back.
std::string value_text(const Value& value);
/// Parses and checks type, range and choices. Throws UserError at `where` naming key, value and what is allowed.
Value parse_value(const Parameter& parameter, const std::string& text, const std::string& where);
/// Throws UserError at `where` with the nearest and all allowed names of the key's section.
const Parameter& find_parameter(const std::vector<Parameter>& parameters, const std::string& key,
                                const std::string& where);

}  // namespace ldpsim
