// SPDX-License-Identifier: Apache-2.0
#include "frontend/cli/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim::cli {
namespace {

template <typename Number>
Number parse_number(const std::string& text, const std::string& where, Number low, Number high, const char* kind) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  const std::string hint = fmt::format("allowed: {} to {}", low, high);
  if (failure == std::errc::invalid_argument || stop != end) {
    throw UserError(where, fmt::format("'{}' is not {}", text, kind), hint);
  }
  if (failure != std::errc{} || !(value >= low && value <= high)) {
    throw UserError(where, fmt::format("{} is out of range", text), hint);
  }
  return value;
}

}  // namespace

std::int64_t parse_integer(const std::string& text, const std::string& where, std::int64_t low, std::int64_t high) {
  return parse_number<std::int64_t>(text, where, low, high, "a whole number");
}

double parse_real(const std::string& text, const std::string& where, double low, double high) {
  return parse_number<double>(text, where, low, high, "a number");
}

Arguments::Arguments(std::vector<OptionSpec> specs, const std::vector<std::string>& words) : specs_(std::move(specs)) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-') {
      throw UserError("ldptrain", fmt::format("unexpected word '{}'", word), "options begin with --; see --help");
    }
    const bool is_long = word[1] == '-';
    const std::size_t equals = is_long ? word.find('=') : std::string::npos;
    const std::string name = word.substr(is_long ? 2 : 1, equals == std::string::npos ? equals : equals - 2);
    const auto found = std::find_if(specs_.begin(), specs_.end(), [&](const OptionSpec& option) {
      return is_long ? option.name == name : option.short_name == name;
    });
    if (found == specs_.end()) {
      std::vector<std::string> names;
      for (const OptionSpec& option : specs_) names.push_back("--" + option.name);
      const std::string near = nearest("--" + name, names);
      throw UserError("ldptrain", fmt::format("unknown option '{}'", word.substr(0, equals)),
                      near.empty() ? "see --help" : fmt::format("did you mean '{}'?", near));
    }
    if (found->placeholder.empty()) {
      if (equals != std::string::npos) throw UserError("--" + found->name, "takes no value");
      values_[found->name] = "on";
    } else if (equals != std::string::npos) {
      values_[found->name] = word.substr(equals + 1);
    } else if (i + 1 < words.size() && !is_option(words[i + 1])) {
      values_[found->name] = words[++i];
    } else {
      throw UserError("--" + found->name, "needs a value", found->placeholder);
    }
  }
}

bool Arguments::is_option(const std::string& word) const {
  return std::any_of(specs_.begin(), specs_.end(), [&](const OptionSpec& option) {
    return word == "--" + option.name || (!option.short_name.empty() && word == "-" + option.short_name);
  });
}

const OptionSpec& Arguments::spec(const std::string& name) const {
  const auto found =
      std::find_if(specs_.begin(), specs_.end(), [&](const OptionSpec& option) { return option.name == name; });
  if (found == specs_.end()) throw InternalError("no option --" + name);
  return *found;
}

const std::string& Arguments::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? spec(name).default_value : found->second;
}

std::int64_t Arguments::integer(const std::string& name, std::int64_t low, std::int64_t high) const {
  return parse_integer(text(name), "--" + name, low, high);
}

double Arguments::real(const std::string& name, double low, double high) const {
  return parse_real(text(name), "--" + name, low, high);
}

std::string Arguments::choice(const std::string& name, const std::vector<std::string>& allowed) const {
  const std::string& value = text(name);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    throw UserError("--" + name, fmt::format("unknown value '{}'", value), allowed_hint(value, allowed));
  }
  return value;
}

std::pair<int, int> Arguments::bounds(const std::string& name, int low, int high) const {
  const std::string& value = text(name);
  const std::size_t colon = value.find(':');
  const auto part = [&](const std::string& word) {
    return static_cast<int>(parse_integer(word, "--" + name, low, high));
  };
  if (colon == std::string::npos) return {part(value), part(value)};
  const std::pair<int, int> pair{part(value.substr(0, colon)), part(value.substr(colon + 1))};
  if (pair.first > pair.second) {
    throw UserError("--" + name, fmt::format("lower bound {} is above upper bound {}", pair.first, pair.second),
                    "write LOW:HIGH");
  }
  return pair;
}

std::string help_lines(const std::vector<OptionSpec>& specs) {
  std::string lines;
  for (const OptionSpec& option : specs) {
    std::string left = option.short_name.empty() ? "    " : fmt::format("-{}, ", option.short_name);
    left += "--" + option.name;
    if (!option.placeholder.empty()) left += " " + option.placeholder;
    lines += fmt::format("  {:<34} {}", left, option.doc);
    if (!option.default_value.empty()) lines += fmt::format(" (default: {})", option.default_value);
    lines += '\n';
  }
  return lines;
}

}  // namespace ldpsim::cli
