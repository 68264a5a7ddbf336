// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/contradictions.hpp"

#include <gmock/gmock.h>

#include <set>

#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;
using testing_support::ScratchFolder;

const std::string kSource = LDPSIM_SOURCE_DIR;

std::vector<ClaimCheck> checks_of(const std::string& file) {
  return check_claims(file, kSource + "/published", kSource + "/networks");
}

const std::vector<ClaimCheck>& shipped() {
  static const auto checks = checks_of(kSource + "/published/claims/ldp_2022.yaml");
  return checks;
}

const ClaimCheck& check(int item, const std::string& says) {
  for (const ClaimCheck& c : shipped()) {
    if (c.item == item && c.says.find(says) != std::string::npos) return c;
  }
  throw std::out_of_range(says);
}

TEST(Contradictions, EachOfTheEighteenHasACheckThatDiffers) {
  std::set<int> items, differing;
  for (const ClaimCheck& c : shipped()) {
    items.insert(c.item);
    if (!c.agrees) differing.insert(c.item);
  }
  EXPECT_EQ(items.size(), 18u);
  EXPECT_EQ(*items.rbegin(), 18);
  EXPECT_EQ(differing, items);
}

TEST(Contradictions, AreTheirPrintedCellsArithmetic) {
  EXPECT_NEAR(check(1, "FW3-8 against PFQ, cost").computed.numbers.at(0), 100 * (0.41 / 0.50 - 1), 1e-9);
  EXPECT_EQ(check(1, "FW3-8 against PFQ, cost").arithmetic, "(100 * (4.1e+07 / 5e+07 - 1))");
  EXPECT_NEAR(check(1, "FW3-8 against SBM, accuracy").computed.numbers.at(0), 92.08 - 91.86, 1e-9);
  EXPECT_NEAR(check(3, "").computed.numbers.at(0), 93.50 - 93.45, 1e-9);
  EXPECT_NEAR(check(8, "16 %").computed.numbers.at(0), 100 * (1 - 1.10 / 1.32), 1e-9);
  EXPECT_NEAR(check(12, "true cost").computed.numbers.at(0), 100 * (7.31e5 / 1.44e6 - 1), 1e-9);
  EXPECT_EQ(check(15, "precision of PFQ").computed.text(), "FW4-8/BW6-8");
  EXPECT_EQ(check(18, "in the tables").computed.numbers.at(0), 7);
}

/// A file of claims about the shipped cells.
std::string claim(const ScratchFolder& scratch, const std::string& check) {
  return scratch.write(
      "c.yaml",
      "of: ldp_2022\ncontradictions:\n  - title: t\n    checks:\n      - {where: w, says: s, " + check + "}\n");
}

TEST(Contradictions, RelationsAndTolerances) {
  const ScratchFolder scratch;
  const auto agrees = [&](const std::string& text) { return checks_of(claim(scratch, text)).at(0).agrees; };
  EXPECT_TRUE(agrees("claimed: 0.3, within: 0.05, from: 0.35"));
  EXPECT_FALSE(agrees("claimed: 0.3, within: 0.05, from: 0.351"));
  EXPECT_TRUE(agrees("claimed: 3, relation: at_least, from: 4"));
  EXPECT_FALSE(agrees("claimed: 3, relation: at_most, from: 4"));
  EXPECT_TRUE(
      agrees("claimed: 41, within: 0, from: \"rows(table=3, network=ResNet-20, dataset=CIFAR-10, method=LDP, "
             "precision=FW3-8/BW8).training / 1e6\""));
}

TEST(Contradictions, ErrorsNameFileAndLine) {
  const ScratchFolder scratch;
  const std::pair<const char*, const char*> cases[] = {
      {"claimed: 1, from: \"rows(tabel=3).accuracy\"", "c.yaml:5: error: unknown selector 'tabel'"},
      {"claimed: 1, from: \"rows(table=3).accurracy\"", "unknown field 'accurracy'; did you mean 'accuracy'?"},
      {"claimed: 1, from: \"quoted(nobody)\"", "there is no such figure under 'quoted'"},
      {"claimed: 1, from: \"rows(table=3).accuracy\"", "each must be one number or one text"},
      {"claimed: 1, relation: near, from: 1", "unknown relation 'near'"},
  };
  for (const auto& [text, message] : cases) {
    const std::string file = claim(scratch, text);
    EXPECT_THAT(testing_support::message_of([&] { checks_of(file); }), HasSubstr(message)) << text;
  }
}

}  // namespace
}  // namespace ldpsim
