// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace ldpsim::cli {

/// One option of the command line, `--name VALUE` or, without placeholder, `--name`.
struct OptionSpec {
  std::string name;
  std::string placeholder;    ///< empty: a switch
  std::string default_value;  ///< as the user would write it; empty: none
  std::string doc;
  std::string short_name = {};  ///< e.g. "o"
};

/// The parsed command line. Reading a value checks it and throws UserError with the allowed values.
class Arguments {
 public:
  /// Throws UserError on unknown options (naming the nearest), missing values and stray words.
  Arguments(std::vector<OptionSpec> specs, const std::vector<std::string>& words);

  bool given(const std::string& name) const { return values_.contains(name); }
  bool on(const std::string& name) const { return given(name); }  ///< of a switch
  /// What was given or else the default.
  const std::string& text(const std::string& name) const;
  std::int64_t integer(const std::string& name, std::int64_t low, std::int64_t high) const;
  double real(const std::string& name, double low, double high) const;
  std::string choice(const std::string& name, const std::vector<std::string>& allowed) const;
  /// `8` or `3:8`.
  std::pair<int, int> bounds(const std::string& name, int low, int high) const;

  const std::vector<OptionSpec>& specs() const { return specs_; }

 private:
  bool is_option(const std::string& word) const;
  const OptionSpec& spec(const std::string& name) const;

  std::vector<OptionSpec> specs_;
  std::map<std::string, std::string> values_;
};

/// The options as lines of --help.
std::string help_lines(const std::vector<OptionSpec>& specs);

/// Whole-word numbers. Throw UserError at `where` with the allowed range.
std::int64_t parse_integer(const std::string& text, const std::string& where, std::int64_t low, std::int64_t high);
double parse_real(const std::string& text, const std::string& where, double low, double high);

}  // namespace ldpsim::cli
