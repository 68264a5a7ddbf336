// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/essential_bits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sim/core/random.hpp"

namespace ldpsim {
namespace {

TEST(EssentialBits, TermsAddUpToTheCode) {
  for (std::int32_t code = -32768; code <= 65535; ++code)
    for (const TermEncoding encoding : {TermEncoding::kBits, TermEncoding::kBoothLike}) {
      const Terms terms = terms_of(code, encoding);
      ASSERT_EQ(terms.added & terms.subtracted, 0u) << code;
      ASSERT_EQ(static_cast<std::int64_t>(terms.added) - static_cast<std::int64_t>(terms.subtracted), code);
      ASSERT_LE(terms.count(), std::popcount(static_cast<std::uint32_t>(code < 0 ? -code : code))) << code;
    }
}

TEST(EssentialBits, RunsOfThreeOrMoreOnesBecomeADifference) {
  const auto terms = [](std::int32_t code) {
    const Terms t = terms_of(code, TermEncoding::kBoothLike);
    return std::pair(t.added, t.subtracted);
  };
  EXPECT_EQ(terms(0), std::pair(0u, 0u));
  EXPECT_EQ(terms(0b11), std::pair(0b11u, 0u));                  // two ones gain nothing
  EXPECT_EQ(terms(0b111), std::pair(0b1000u, 0b1u));             // 8 - 1
  EXPECT_EQ(terms(0b11101), std::pair(0b100000u, 0b11u));        // 32 - 2 - 1: a zero inside a run
  EXPECT_EQ(terms(0b110111), std::pair(0b111000u, 0b1u));        // 32 + 16 + 8 - 1: it takes three to begin
  EXPECT_EQ(terms(0b1111001), std::pair(0b10000001u, 0b1000u));  // two zeros end it
  EXPECT_EQ(terms(0xFFFF), std::pair(0x10000u, 1u));             // one position above the code
  EXPECT_EQ(terms(-0b111), std::pair(0b1u, 0b1000u));
}

/// Lanes as sorted lists of positions and the published procedure, step by step.
int cycles_of_lists(std::vector<std::multiset<int>> lanes, int first_stage_bits) {
  int cycles = 0;
  for (;;) {
    int lowest = 99;
    for (const auto& lane : lanes)
      if (!lane.empty()) lowest = std::min(lowest, *lane.begin());
    if (lowest == 99) return std::max(cycles, 1);
    for (auto& lane : lanes)
      if (!lane.empty() && *lane.begin() < lowest + (1 << first_stage_bits)) lane.erase(lane.begin());
    ++cycles;
  }
}

TEST(EssentialBits, LockstepCyclesEqualTheProcedureOnLists) {
  Random random(4);
  for (int trial = 0; trial < 20000; ++trial) {
    const int bits = static_cast<int>(random.between(1, 16)), stage = static_cast<int>(random.between(0, 4));
    const bool is_signed = random.between(0, 1) != 0;
    const TermEncoding encoding = random.between(0, 1) != 0 ? TermEncoding::kBits : TermEncoding::kBoothLike;
    std::vector<std::uint32_t> positions;
    std::vector<std::multiset<int>> lists;
    for (std::int64_t lane = random.between(1, 16); lane > 0; --lane) {
      const std::int64_t least = is_signed ? -(std::int64_t{1} << (bits - 1)) : 0;
      const std::int64_t code =
          random.between(0, 3) == 0 ? 0 : random.between(least, least + (std::int64_t{1} << bits) - 1);
      positions.push_back(terms_of(static_cast<std::int32_t>(code), encoding).positions());
      lists.emplace_back();
      for (int i = 0; i < 32; ++i)
        if ((positions.back() >> i & 1u) != 0) lists.back().insert(i);
    }
    const int expected = cycles_of_lists(lists, stage);
    ASSERT_EQ(lockstep_cycles(positions, stage), expected) << "trial " << trial;
    ASSERT_LE(expected, most_term_positions(bits, is_signed, encoding)) << "trial " << trial;
  }
}

TEST(EssentialBits, ByHand) {
  // lanes 0b1001, 0b0110, nothing
  const auto cycles = [](int stage) {
    std::vector<std::uint32_t> lanes{0b1001, 0b0110, 0};
    return lockstep_cycles(lanes, stage);
  };
  EXPECT_EQ(cycles(0), 4);  // positions 0, 1, 2, 3 one after the other
  EXPECT_EQ(cycles(1), 2);  // 0 and 1 at once, then 2 and 3
  EXPECT_EQ(cycles(4), 2);
  std::vector<std::uint32_t> zeros(16, 0);
  EXPECT_EQ(lockstep_cycles(zeros, 2), 1);  // a brick of zeros still takes its turn
}

TEST(EssentialBits, TheMostPositionsAreReached) {
  for (int bits = 1; bits <= 16; ++bits)
    for (const bool is_signed : {false, true})
      for (const TermEncoding encoding : {TermEncoding::kBits, TermEncoding::kBoothLike}) {
        std::uint32_t met = 0;
        const std::int32_t least = is_signed ? -(1 << (bits - 1)) : 0;
        for (std::int32_t i = 0; i < 1 << bits; ++i) met |= terms_of(least + i, encoding).positions();
        EXPECT_EQ(std::popcount(met), most_term_positions(bits, is_signed, encoding)) << bits << is_signed;
      }
}

}  // namespace
}  // namespace ldpsim
