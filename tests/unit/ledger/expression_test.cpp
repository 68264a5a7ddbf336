// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/expression.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::message_of;

/// cells(LETTER).FIELD: a = 3, l = 1, 2, 4, t = two texts.
Evaluated cells(const std::string& name, const std::map<std::string, std::string>& selectors, const std::string& field,
                const std::string&) {
  CellValue value;
  if (selectors.at("") == "a") value.numbers = {3};
  if (selectors.at("") == "l") value.numbers = {1, 2, 4};
  if (selectors.at("") == "t") value.texts = {"x", "y", "x"};
  return {value, name + "." + field};
}

Evaluated result_of(const std::string& text) { return evaluate(text, {"cells"}, cells, "f.yaml:3"); }
double number(const std::string& text) { return result_of(text).value.numbers.at(0); }

TEST(Expression, BindsAsArithmeticDoes) {
  EXPECT_DOUBLE_EQ(number("1 + 2 * 3 ^ 2 - 4 / 2"), 17);
  EXPECT_DOUBLE_EQ(number("2 ^ 3 ^ 2"), 512);
  EXPECT_DOUBLE_EQ(number("8 - 4 - 2"), 2);
  EXPECT_DOUBLE_EQ(number("-2 ^ 2"), -4);
  EXPECT_DOUBLE_EQ(number("-(2 - 5) * 1e3"), 3000);
  EXPECT_DOUBLE_EQ(number("2 ^ -1"), 0.5);
}

TEST(Expression, ListsGoElementByElement) {
  EXPECT_THAT(result_of("100 * (cells(l).f / [2, 2, 2] - 1)").value.numbers,
              ElementsAre(DoubleEq(-50), DoubleEq(0), DoubleEq(100)));
  EXPECT_THAT(message_of([] { result_of("[1, 2] + [1, 2, 3]"); }), HasSubstr("lists of 2 and 3 elements"));
}

TEST(Expression, Functions) {
  EXPECT_DOUBLE_EQ(number("max(cells(l).f) - min(cells(l).f) + sum([1, 2]) + mean([2, 4])"), 9);
  EXPECT_DOUBLE_EQ(number("deviation([1, 3, 5, 7])"), std::sqrt(5));
  EXPECT_DOUBLE_EQ(number("nearest([-3, 2.5, 4], 3)"), 2.5);
  EXPECT_DOUBLE_EQ(number("count(distinct(cells(t).f)) + count(cells(nothing).f)"), 2);
  EXPECT_DOUBLE_EQ(number("round(2.5) + floor(-0.5) + abs(-1) + sqrt(9)"), 5) << "2.5 rounds to even";
}

TEST(Expression, TellsHowItCameAbout) {
  EXPECT_EQ(result_of("100 * (1 - cells(a).f / 4) ^ 2").arithmetic, "100 * (1 - cells.f / 4) ^ 2");
  EXPECT_EQ(result_of("nearest([1, -2], 3)").arithmetic, "nearest([1, -2], 3)");
}

TEST(Expression, NamesWhatItCannotUnderstand) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 + ", "f.yaml:3: error: in '1 + ': it ends too early"},
      {"1 2", "unexpected '2'"},
      {"(1", "expected ')'"},
      {"cells(a", "expected ')'"},
      {"twice(2)", "there is no function 'twice'"},
      {"nearest(1)", "nearest takes two values"},
      {"max(cells(nothing).f)", "max of nothing"},
      {"cells(t).f + 1", "a text is not a number"},
      {"%", "unexpected '%'"},
  };
  for (const auto& [text, message] : cases)
    EXPECT_THAT(message_of([text = text] { result_of(text); }), HasSubstr(message)) << text;
}

}  // namespace
}  // namespace ldpsim
