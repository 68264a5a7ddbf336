// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ldpsim {

/// A list of numbers or of texts; a single number is a list of one.
struct CellValue {
  std::vector<double> numbers;
  std::vector<std::string> texts;  ///< not empty: a list of texts

  bool is_text() const { return !texts.empty(); }
  std::size_t size() const { return is_text() ? texts.size() : numbers.size(); }
  /// "0.31", "[3, 4]", "FW4-8/BW8"; numbers in six digits.
  std::string text() const;
};

/// What an expression is, and how it came about: the expression with every reference replaced by its value.
struct Evaluated {
  CellValue value;
  std::string arithmetic;
};

/// Where the numbers of an expression come from: NAME(key=value, ...).FIELD or, without field, NAME(word).
/// The key of a word that stands alone is empty. Throws UserError at `where` for what there is not.
using References = std::function<Evaluated(const std::string& name, const std::map<std::string, std::string>& selectors,
                                           const std::string& field, const std::string& where)>;

/// Evaluates + - * / ^ (binding in that order, ^ to the right), unary minus, parentheses, lists in [], the functions
/// min max sum mean deviation count distinct nearest abs round floor sqrt, and references to `names`. Operators work
/// element by element; a single number goes with every element of a list. Throws UserError at `where`.
Evaluated evaluate(const std::string& expression, const std::vector<std::string>& names, const References& references,
                   const std::string& where);

}  // namespace ldpsim
