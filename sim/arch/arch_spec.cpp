// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/arch_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sim/arch/dram_presets.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

/// "array" of "array.rows"; "" of a key without section.
std::string section_of(const std::string& key) {
  const std::size_t dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

std::string leaf_of(const std::string& key) { return key.substr(key.rfind('.') + 1); }

std::string with_unit(const Parameter& parameter) { return parameter.unit.empty() ? "" : " (" + parameter.unit + ")"; }

[[noreturn]] void refuse(const Parameter& parameter, const std::string& value, const std::string& expected,
                         const std::string& where) {
  throw UserError(where, fmt::format("'{}' is '{}'", parameter.key, value), "expected " + expected);
}

template <typename Number>
Number parse_number(const Parameter& parameter, const std::string& value, const std::string& where, const char* what) {
  Number number{};
  const char* end = value.data() + value.size();
  const auto [stop, status] = std::from_chars(value.data(), end, number);
  const bool parsed = status == std::errc() && stop == end && std::isfinite(static_cast<double>(number));
  if (!parsed || static_cast<double>(number) < parameter.least || static_cast<double>(number) > parameter.most) {
    refuse(parameter, value, what + (" in " + range_text(parameter)) + with_unit(parameter), where);
  }
  return number;
}

template <typename T>
const T& typed(const std::map<std::string, Value>& values, const std::string& key) {
  const auto found = values.find(key);
  if (found == values.end()) throw InternalError("machine has no key '" + key + "'");
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr) throw InternalError("key '" + key + "' is read as another type than it is documented with");
  return *value;
}

}  // namespace

std::string range_text(const Parameter& parameter) {
  switch (parameter.type) {
    case ValueType::kFlag:
      return "true|false";
    case ValueType::kText: {
      std::string text;
      for (const std::string& choice : parameter.choices) text += (text.empty() ? "" : "|") + choice;
      return text.empty() ? "any text" : text;
    }
    case ValueType::kInteger:
    case ValueType::kReal:
      break;
  }
  return parameter.most >= 1e18 ? fmt::format("{}..", parameter.least)
                                : fmt::format("{}..{}", parameter.least, parameter.most);
}

std::string value_text(const Value& value) {
  if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const double* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return std::get<std::string>(value);
}

Value parse_value(const Parameter& parameter, const std::string& text, const std::string& where) {
  switch (parameter.type) {
    case ValueType::kFlag:
      if (text != "true" && text != "false") refuse(parameter, text, "true or false", where);
      return text == "true";
    case ValueType::kInteger:
      return parse_number<std::int64_t>(parameter, text, where, "an integer");
    case ValueType::kReal:
      return parse_number<double>(parameter, text, where, "a number");
    case ValueType::kText:
      if (!parameter.choices.empty() &&
          std::find(parameter.choices.begin(), parameter.choices.end(), text) == parameter.choices.end()) {
        throw UserError(where, fmt::format("'{}' is '{}'", parameter.key, text), allowed_hint(text, parameter.choices));
      }
      return text;
  }
  throw InternalError("type of '" + parameter.key + "' out of range");
}

const Parameter& find_parameter(const std::vector<Parameter>& parameters, const std::string& key,
                                const std::string& where) {
  std::vector<std::string> sections, leaves;
  for (const Parameter& parameter : parameters) {
    if (parameter.key == key) return parameter;
    if (key.starts_with(parameter.key + ".")) {
      throw UserError(where, fmt::format("'{}' must be a single value", parameter.key),
                      fmt::format("write {}: VALUE", leaf_of(parameter.key)));
    }
    const std::string section = section_of(parameter.key);
    if (section == section_of(key)) leaves.push_back(leaf_of(parameter.key));
    const std::string name = section.empty() ? parameter.key : section;
    if (std::find(sections.begin(), sections.end(), name) == sections.end()) sections.push_back(name);
  }
  if (std::find(sections.begin(), sections.end(), key) != sections.end()) {
    std::string keys;
    for (const Parameter& parameter : parameters) {
      if (section_of(parameter.key) == key) keys += (keys.empty() ? "" : ", ") + leaf_of(parameter.key);
    }
    throw UserError(where, fmt::format("'{}' is a section, not a key", key), "its keys: " + keys);
  }
  if (section_of(key).empty() || leaves.empty()) {
    const std::string name = key.substr(0, key.find('.'));
    throw UserError(where, fmt::format("unknown key '{}'", name), allowed_hint(name, sections));
  }
  throw UserError(where, fmt::format("unknown key '{}' in '{}'", leaf_of(key), section_of(key)),
                  allowed_hint(leaf_of(key), leaves));
}

std::int64_t ArchSpec::integer(const std::string& key) const { return typed<std::int64_t>(values_, key); }
double ArchSpec::real(const std::string& key) const { return typed<double>(values_, key); }
bool ArchSpec::flag(const std::string& key) const { return typed<bool>(values_, key); }
const std::string& ArchSpec::text(const std::string& key) const { return typed<std::string>(values_, key); }

void ArchSpec::set(const std::string& key, const std::string& value, const std::string& where) {
  const Parameter& parameter = find_parameter(parameters_, key, where);
  if (key == "array.kind" && values_.count(key) != 0 && value != text(key)) {
    throw UserError(where, "a machine's 'array.kind' cannot be changed", "choose another --arch");
  }
  if (key == "dram.preset" && value != kCustomDram) {
    const DramPreset& preset = find_dram_preset(value, where);
    set("dram.pj_per_bit", value_text(preset.pj_per_bit), where);
    sources["dram.pj_per_bit"] = preset.source + " (" + preset.confidence + ")";
  } else if (key == "dram.pj_per_bit") {
    values_["dram.preset"] = std::string(kCustomDram);
  }
  values_[key] = parse_value(parameter, value, where);
  places_[key] = where;
  sources.erase(key);  // what was said of the value before
  assumed.erase(key);
}

bool ArchSpec::knows(const std::string& key) const {
  return std::any_of(parameters_.begin(), parameters_.end(), [&](const Parameter& p) { return p.key == key; });
}

const std::string& ArchSpec::place_of(const std::string& key) const {
  const auto place = places_.find(key);
  return place == places_.end() ? file : place->second;
}

std::string ArchSpec::canonical() const {
  std::string text = fmt::format("name={}:{}\n", name.size(), name);
  for (const auto& [key, value] : values_) text += key + "=" + value_text(value) + "\n";
  return text;
}

}  // namespace ldpsim
