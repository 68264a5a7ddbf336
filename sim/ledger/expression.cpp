// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

using Numbers = std::vector<double>;

double mean(const Numbers& all) {
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

double deviation(const Numbers& all) {
  const double centre = mean(all);
  double sum = 0;
  for (const double x : all) sum += (x - centre) * (x - centre);
  return std::sqrt(sum / static_cast<double>(all.size()));
}

/// Functions of a whole list that is not empty.
const std::map<std::string, double (*)(const Numbers&)>& reductions() {
  static const std::map<std::string, double (*)(const Numbers&)> kAll{
      {"min", [](const Numbers& all) { return *std::min_element(all.begin(), all.end()); }},
      {"max", [](const Numbers& all) { return *std::max_element(all.begin(), all.end()); }},
      {"sum", [](const Numbers& all) { return std::accumulate(all.begin(), all.end(), 0.0); }},
      {"mean", mean},
      {"deviation", deviation}};
  return kAll;
}

/// Functions of each element. Rounding is half to even, as the trainer's.
const std::map<std::string, double (*)(double)>& element_functions() {
  static const std::map<std::string, double (*)(double)> kAll{{"abs", [](double x) { return std::fabs(x); }},
                                                              {"round", [](double x) { return std::nearbyint(x); }},
                                                              {"floor", [](double x) { return std::floor(x); }},
                                                              {"sqrt", [](double x) { return std::sqrt(x); }}};
  return kAll;
}

CellValue distinct(CellValue value) {
  const auto keep_first = [](auto& all) {
    auto end = all.begin();
    for (auto at = all.begin(); at != all.end(); ++at) {
      if (std::find(all.begin(), end, *at) == end) *end++ = *at;
    }
    all.erase(end, all.end());
  };
  keep_first(value.numbers);
  keep_first(value.texts);
  return value;
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

/// A parser that evaluates as it goes, one precedence a function.
class Parser {
 public:
  Parser(const std::string& text, const std::vector<std::string>& names, const References& references,
         const std::string& where)
      : text_(text), names_(names), references_(references), where_(where) {}

  Evaluated whole() {
    Evaluated result = sum();
    if (peek() != '\0') fail(fmt::format("unexpected '{}'", text_.substr(at_)));
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw UserError(where_, fmt::format("in '{}': {}", text_, message));
  }

  char peek() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  void need(char wanted) {
    if (!take(wanted)) fail(fmt::format("expected '{}'", wanted));
  }

  Evaluated combine(const Evaluated& a, char sign, const Evaluated& b) const {
    if (a.value.is_text() || b.value.is_text()) fail("a text is not a number");
    const Numbers &x = a.value.numbers, &y = b.value.numbers;
    if (x.size() != y.size() && x.size() != 1 && y.size() != 1)
      fail(fmt::format("lists of {} and {} elements", x.size(), y.size()));
    Evaluated result;
    const std::size_t count = x.empty() || y.empty() ? 0 : std::max(x.size(), y.size());
    for (std::size_t i = 0; i < count; ++i) {
      const double p = x[x.size() == 1 ? 0 : i], q = y[y.size() == 1 ? 0 : i];
      result.value.numbers.push_back(sign == '+'   ? p + q
                                     : sign == '-' ? p - q
                                     : sign == '*' ? p * q
                                     : sign == '/' ? p / q
                                                   : std::pow(p, q));
    }
    result.arithmetic = fmt::format("{} {} {}", a.arithmetic, sign, b.arithmetic);
    return result;
  }

  Evaluated sum() {
    Evaluated left = product();
    for (char sign = peek(); sign == '+' || sign == '-'; sign = peek()) {
      ++at_;
      left = combine(left, sign, product());
    }
    return left;
  }
  Evaluated product() {
    Evaluated left = signed_power();
    for (char sign = peek(); sign == '*' || sign == '/'; sign = peek()) {
      ++at_;
      left = combine(left, sign, signed_power());
    }
    return left;
  }
  Evaluated signed_power() {
    if (!take('-')) return power();
    Evaluated result = signed_power();
    if (result.value.is_text()) fail("a text is not a number");
    for (double& x : result.value.numbers) x = -x;
    result.arithmetic = "-" + result.arithmetic;
    return result;
  }
  Evaluated power() {
    const Evaluated base = primary();
    return take('^') ? combine(base, '^', signed_power()) : base;
  }

  Evaluated primary() {
    const char next = peek();
    if (take('(')) {
      Evaluated inner = sum();
      need(')');
      inner.arithmetic = "(" + inner.arithmetic + ")";
      return inner;
    }
    if (next == '[') return list();
    if (std::isdigit(static_cast<unsigned char>(next))) return number();
    if (std::isalpha(static_cast<unsigned char>(next))) return named();
    fail(at_ >= text_.size() ? "it ends too early" : fmt::format("unexpected '{}'", text_.substr(at_)));
  }

  Evaluated number() {
    double value = 0;
    const char *begin = text_.data() + at_, *end = text_.data() + text_.size();
    const char* stop = std::from_chars(begin, end, value).ptr;
    at_ += static_cast<std::size_t>(stop - begin);
    return {{{value}, {}}, std::string(begin, stop)};
  }

  Evaluated list() {
    need('[');
    Evaluated result;
    do {
      const Evaluated element = sum();
      if (element.value.is_text()) fail("a text is not a number");
      result.value.numbers.insert(result.value.numbers.end(), element.value.numbers.begin(),
                                  element.value.numbers.end());
      result.arithmetic += (result.arithmetic.empty() ? "" : ", ") + element.arithmetic;
    } while (take(','));
    need(']');
    result.arithmetic = "[" + result.arithmetic + "]";
    return result;
  }

  std::string word() {
    std::string name;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_'))
      name += text_[at_++];
    return name;
  }

  Evaluated named() {
    const std::string name = word();
    need('(');
    if (std::find(names_.begin(), names_.end(), name) != names_.end()) return reference(name);
    std::vector<Evaluated> arguments;
    do arguments.push_back(sum());
    while (take(','));
    need(')');
    Evaluated result{call(name, arguments), name + "("};
    for (std::size_t i = 0; i < arguments.size(); ++i)
      result.arithmetic += (i == 0 ? "" : ", ") + arguments[i].arithmetic;
    result.arithmetic += ")";
    return result;
  }

  CellValue call(const std::string& name, const std::vector<Evaluated>& arguments) const {
    const CellValue& first = arguments.front().value;
    const bool two = name == "nearest";
    if (arguments.size() != (two ? 2u : 1u)) fail(fmt::format("{} takes {}", name, two ? "two values" : "one value"));
    if (name == "count") return {{static_cast<double>(first.size())}, {}};
    if (name == "distinct") return distinct(first);
    if (first.is_text()) fail("a text is not a number");
    const bool reduces = two || reductions().contains(name);
    if (reduces && first.numbers.empty()) fail(name + " of nothing");
    if (two) {
      const double wanted = arguments[1].value.numbers.empty() ? 0 : arguments[1].value.numbers.front();
      const auto nearer = [wanted](double a, double b) { return std::fabs(a - wanted) < std::fabs(b - wanted); };
      return {{*std::min_element(first.numbers.begin(), first.numbers.end(), nearer)}, {}};
    }
    if (reduces) return {{reductions().at(name)(first.numbers)}, {}};
    const auto function = element_functions().find(name);
    if (function == element_functions().end()) fail(fmt::format("there is no function '{}'", name));
    CellValue result = first;
    for (double& x : result.numbers) x = function->second(x);
    return result;
  }

  /// After "NAME(": selectors up to the parenthesis, a value that holds a comma in quotes, then the field.
  Evaluated reference(const std::string& name) {
    std::map<std::string, std::string> selectors;
    for (std::string piece; peek() != ')';) {
      if (peek() == '\0') fail("expected ')'");
      piece.clear();
      bool quoted = false;
      for (; at_ < text_.size() && (quoted || (text_[at_] != ',' && text_[at_] != ')')); ++at_) {
        if (text_[at_] == '\'') {
          quoted = !quoted;
        } else {
          piece += text_[at_];
        }
      }
      take(',');
      const std::size_t equals = piece.find('=');
      const bool alone = equals == std::string::npos;
      // only the first '=' separates: "random, k=1" is a value
      selectors[alone ? "" : trimmed(piece.substr(0, equals))] = trimmed(alone ? piece : piece.substr(equals + 1));
    }
    need(')');
    const std::string field = take('.') ? word() : "";
    return references_(name, selectors, field, where_);
  }

  const std::string& text_;
  const std::vector<std::string>& names_;
  const References& references_;
  const std::string& where_;
  std::size_t at_ = 0;
};

}  // namespace

std::string CellValue::text() const {
  std::vector<std::string> parts = texts;
  for (const double x : numbers) parts.push_back(fmt::format("{:.6g}", x));
  if (parts.size() == 1) return parts.front();
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

Evaluated evaluate(const std::string& expression, const std::vector<std::string>& names, const References& references,
                   const std::string& where) {
  return Parser(expression, names, references, where).whole();
}

}  // namespace ldpsim
