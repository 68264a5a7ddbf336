// SPDX-License-Identifier: Apache-2.0
// The ledger beside the published tables, and what those say against themselves, cell by cell. A change of these files
// is a change of what the program says about a publication. LDPSIM_UPDATE_GOLDENS=1 writes them anew for review.
#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "tests/support/program.hpp"

namespace ldpsim::testing_support {
namespace {

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && stop == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// Lines of cells; numbers may differ in their last digits, which other processors round otherwise.
void expect_same(const std::string& golden, const std::string& option) {
  const std::string file = std::string(LDPSIM_SOURCE_DIR) + "/tests/golden/" + golden;
  const Outcome outcome = run_ldpsim({"bitops", option, "--format", "csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  if (std::getenv("LDPSIM_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(file, std::ios::binary) << outcome.out;
    return;
  }
  std::istringstream expected(read_file(file)), got(outcome.out);
  std::string expected_line, got_line;
  int lines = 0;
  while (std::getline(expected, expected_line)) {
    ASSERT_TRUE(std::getline(got, got_line)) << "missing: " << expected_line;
    ++lines;
    if (expected_line == got_line) continue;
    std::istringstream a(expected_line), b(got_line);
    for (std::string x, y; std::getline(a, x, ',');) {
      ASSERT_TRUE(std::getline(b, y, ',')) << got_line;
      const auto p = number_of(x), q = number_of(y);
      if (p && q) {
        EXPECT_NEAR(*p, *q, 1e-9 * std::fabs(*p) + 1e-12) << expected_line << '\n' << got_line;
      } else {
        EXPECT_EQ(x, y) << expected_line << '\n' << got_line;
      }
    }
  }
  EXPECT_FALSE(std::getline(got, got_line)) << "not expected: " << got_line;
  EXPECT_GT(lines, 50);
}

TEST(Paper, EveryCellBesideOurs) { expect_same("paper.csv", "--paper"); }
TEST(Paper, Contradictions) { expect_same("contradictions.csv", "--contradictions"); }

}  // namespace
}  // namespace ldpsim::testing_support
