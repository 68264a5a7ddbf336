// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/lut_multiplier.hpp"

#include <gtest/gtest.h>

#include "sim/core/random.hpp"

namespace ldpsim {
namespace {

TEST(Luts, HoldEverySumOfThreeInputs) {
  std::vector<std::int32_t> codes(3 * kLutLanes), tables(kLutEntries * kLutLanes);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::int32_t>(i * i % 251) - 100;
  build_luts(LutForm::kSubsets, codes.data(), 1, tables.data());
  for (std::size_t lane = 0; lane < kLutLanes; ++lane)
    for (unsigned a = 0; a < 8; ++a) {
      std::int32_t sum = 0;
      for (unsigned i = 0; i < 3; ++i) sum += (a >> i & 1u) != 0 ? codes[i * kLutLanes + lane] : 0;
      EXPECT_EQ(tables[a * kLutLanes + lane], sum);
    }
}

/// Eight entries give all sixteen sums of four inputs times +1 or -1.
TEST(Luts, HalfATableGivesEverySignedSumOfFourInputs) {
  std::vector<std::int32_t> codes(4 * kLutLanes), tables(kLutEntries * kLutLanes), sums(kLutLanes);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::int32_t>(i * 7 % 61) - 20;
  build_luts(LutForm::kSigns, codes.data(), 1, tables.data());
  for (unsigned bits = 0; bits < 16; ++bits) {
    const std::uint8_t address = lut_address(LutForm::kSigns, bits);
    read_luts(LutForm::kSigns, tables.data(), &address, 1, sums.data());
    for (std::size_t lane = 0; lane < kLutLanes; ++lane) {
      std::int32_t sum = 0;
      for (unsigned i = 0; i < 4; ++i) sum += ((bits >> i & 1u) != 0 ? 1 : -1) * codes[i * kLutLanes + lane];
      EXPECT_EQ(sums[lane], sum) << bits;
    }
  }
}

/// More rows than lanes, more groups than are kept at once, the largest codes.
TEST(LutMultiplier, LongRowsOfLargestCodesStayExact) {
  const std::int64_t places = 1000, moving = 35, stationary = 3;
  for (const auto serial : {LutMultiplier::kMoving, LutMultiplier::kStationary})
    for (const int serial_bits : {1, 16}) {
      const bool moving_is_serial = serial == LutMultiplier::kMoving;
      const int moving_bits = moving_is_serial ? serial_bits : 16,
                stationary_bits = moving_is_serial ? 16 : serial_bits;
      LutMultiplier lut(serial, {moving_bits, stationary_bits}, {moving_bits, false}, {stationary_bits, false});
      const auto fill = [&](LutMultiplier::Side side, std::int64_t rows, int bits) {
        lut.reset(side, rows, places);
        for (std::int64_t row = 0; row < rows; ++row)
          for (std::int64_t place = 0; place < places; ++place) {
            const unsigned code = (1u << bits) - 1;
            lut.set_byte(side, row, place, 0, static_cast<std::uint8_t>(code));
            if (bits > 8) lut.set_byte(side, row, place, 1, static_cast<std::uint8_t>(code >> 8));
          }
      };
      fill(LutMultiplier::kMoving, moving, moving_bits);
      fill(LutMultiplier::kStationary, stationary, stationary_bits);
      std::vector<std::int64_t> out(static_cast<std::size_t>(moving * stationary), 1);
      lut.multiply(stationary, 1, out.data());
      const std::int64_t product = ((std::int64_t{1} << moving_bits) - 1) * ((std::int64_t{1} << stationary_bits) - 1);
      for (const std::int64_t sum : out) EXPECT_EQ(sum, 1 + places * product);
    }
}

}  // namespace
}  // namespace ldpsim
