// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/code_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "sim/core/random.hpp"

namespace ldpsim {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

std::uint32_t pair_of(std::int64_t low, std::int64_t high) {
  return (static_cast<std::uint32_t>(low) & 0xFFFFu) | static_cast<std::uint32_t>(high) << 16;
}
std::int64_t low(std::uint32_t pair) { return static_cast<std::int16_t>(pair & 0xFFFFu); }
std::int64_t high(std::uint32_t pair) { return static_cast<std::int16_t>(pair >> 16); }
std::int64_t product(std::uint32_t a, std::uint32_t b) { return low(a) * low(b) + high(a) * high(b); }

std::vector<std::uint32_t> random_pairs(Random& random, std::int64_t count) {
  std::vector<std::uint32_t> pairs(at(count));
  for (auto& pair : pairs) pair = pair_of(random.between(-128, 255), random.between(-128, 255));
  return pairs;
}

std::vector<std::int64_t> random_places(Random& random, std::int64_t count, std::int64_t most) {
  std::vector<std::int64_t> places(at(count));
  for (auto& place : places) place = random.between(0, most);
  return places;
}

TEST(CodeKernels, PairsHoldTheirBytesOfBothCodes) {
  Random random(1);
  std::vector<std::int32_t> codes(400);
  for (auto& code : codes) code = static_cast<std::int32_t>(random.between(-32768, 65535));
  for (const std::int64_t step : {1, 2, 3, -1})
    for (const std::int64_t count : {0, 1, 7, 8, 9, 16, 17, 33, 40})
      for (const CodePart part : {CodePart{0, 0xFF}, CodePart{8, 0xFFFF}, CodePart{0, 0xFFFF}})
        for (const bool odd : {false, true}) {
          const std::int32_t* first = codes.data() + 60;
          std::vector<std::uint32_t> pairs(at(count + 1), 7u);
          pair_codes({first, odd ? nullptr : first + 150, step, count}, part, pairs.data());
          for (std::int64_t i = 0; i < count; ++i) {
            const std::int32_t a = first[i * step] >> part.shift & part.mask,
                               b = odd ? 0 : first[150 + i * step] >> part.shift & part.mask;
            ASSERT_EQ(pairs[at(i)], pair_of(a, b)) << step << " " << count << " " << i;
          }
          ASSERT_EQ(pairs[at(count)], 7u);
        }
}

TEST(CodeKernels, ProductsAlongWindowsEqualAPlainLoop) {
  Random random(2);
  const std::int64_t lanes = pair_lanes();
  for (const std::int64_t windows : {1, 2, 3, 5})
    for (const std::int64_t steps : {1, 2, 9, 100}) {
      const std::vector<std::uint32_t> moving = random_pairs(random, 400 + lanes),
                                       stationary = random_pairs(random, steps * kFilterBlock);
      const std::vector<std::int64_t> first = random_places(random, windows, 200),
                                      step = random_places(random, steps, 199);
      const std::int64_t pitch = windows * lanes + 3;
      std::vector<std::int32_t> out(at(kFilterBlock * pitch), -1);
      multiply_windows({moving.data(), first.data(), windows, step.data(), steps, stationary.data()}, pitch,
                       out.data());
      for (std::int64_t f = 0; f < kFilterBlock; ++f)
        for (std::int64_t w = 0; w < windows * lanes; ++w) {
          std::int64_t sum = 0;
          for (std::int64_t s = 0; s < steps; ++s)
            sum += product(moving[at(first[at(w / lanes)] + step[at(s)] + w % lanes)],
                           stationary[at(s * kFilterBlock + f)]);
          ASSERT_EQ(out[at(f * pitch + w)], sum);
        }
    }
}

TEST(CodeKernels, ProductsAlongPlacesEqualAPlainLoop) {
  Random random(3);
  const std::int64_t lanes = pair_lanes();
  for (const std::int64_t windows : {1, 2, 3, 9})
    for (const std::int64_t registers : {1, 2, 5})
      for (const std::int64_t rows : {1, 4}) {
        const std::int64_t width = registers * lanes, filter_pitch = rows * width + 5, pitch = windows + 2;
        const std::vector<std::uint32_t> moving = random_pairs(random, 400 + width),
                                         stationary = random_pairs(random, filter_pitch * kFilterBlock);
        const std::vector<std::int64_t> first = random_places(random, windows, 200),
                                        row = random_places(random, rows, 199);
        std::vector<std::int64_t> out(at(kFilterBlock * pitch), 11);
        multiply_places(
            {moving.data(), first.data(), windows, row.data(), rows, width, stationary.data(), filter_pitch}, pitch,
            out.data());
        for (std::int64_t f = 0; f < kFilterBlock; ++f)
          for (std::int64_t w = 0; w < windows; ++w) {
            std::int64_t sum = 11;
            for (std::int64_t r = 0; r < rows; ++r)
              for (std::int64_t i = 0; i < width; ++i)
                sum += product(moving[at(first[at(w)] + row[at(r)] + i)],
                               stationary[at(f * filter_pitch + r * width + i)]);
            ASSERT_EQ(out[at(f * pitch + w)], sum);
          }
      }
}

TEST(CodeKernels, ScaledSumsEqualAPlainLoop) {
  Random random(4);
  const std::int64_t lanes = pair_lanes(), channels = 3, steps = 5, windows = 3, pitch = windows * lanes + 1;
  const std::vector<std::uint32_t> moving = random_pairs(random, 500 + lanes),
                                   stationary = random_pairs(random, channels * steps * kScaledFilters);
  const std::vector<std::int64_t> first = random_places(random, windows, 100), step = random_places(random, steps, 99),
                                  counts{lanes, 1, lanes - 1};
  std::vector<double> scales, values(at(kScaledFilters * pitch));
  for (std::int64_t i = 0; i < channels * kScaledFilters; ++i) scales.push_back(random.uniform() - 0.5);
  SumRange range;
  multiply_scaled({moving.data(), channels, 150, first.data(), counts.data(), windows, step.data(), steps,
                   stationary.data(), scales.data()},
                  pitch, values.data(), range);
  std::int64_t least = 0, most = 0;
  for (std::int64_t f = 0; f < kScaledFilters; ++f)
    for (std::int64_t w = 0; w < windows * lanes; ++w) {
      volatile double value = 0;
      for (std::int64_t c = 0; c < channels; ++c) {
        std::int64_t sum = 0;
        for (std::int64_t s = 0; s < steps; ++s)
          sum += product(moving[at(c * 150 + first[at(w / lanes)] + step[at(s)] + w % lanes)],
                         stationary[at((c * steps + s) * kScaledFilters + f)]);
        if (w % lanes < counts[at(w / lanes)]) least = std::min(least, sum), most = std::max(most, sum);
        const volatile double scaled = static_cast<double>(sum) * scales[at(c * kScaledFilters + f)];
        value = value + scaled;
      }
      ASSERT_EQ(values[at(f * pitch + w)], value);
    }
  EXPECT_EQ(range.least, least);
  EXPECT_EQ(range.most, most);
}

TEST(CodeKernels, NeighboursArePaired) {
  for (const std::int64_t step : {1, 2, 5, 20}) {
    std::vector<std::uint32_t> words;
    for (std::uint32_t i = 0; i < 100; ++i) words.push_back(0xFFFFu - i);
    pair_neighbours(words.data(), 77, step);
    for (std::int64_t i = 0; i < 77; ++i) ASSERT_EQ(words[at(i)], pair_of(0xFFFF - i, 0xFFFF - i - step));
  }
}

TEST(CodeKernels, LongestReductionStaysWithin32Bits) {
  const std::int64_t lanes = pair_lanes();
  const std::vector<std::uint32_t> most(at(kMostPairs * kFilterBlock), pair_of(255, 255));
  const std::vector<std::int64_t> steps(at(kMostPairs), 0);
  const std::int64_t window = 0;
  std::vector<std::int32_t> out(at(kFilterBlock * lanes));
  multiply_windows({most.data(), &window, 1, steps.data(), kMostPairs, most.data()}, lanes, out.data());
  for (const std::int32_t sum : out) EXPECT_EQ(sum, kMostPairs * 2 * 255 * 255);
  std::vector<std::int64_t> sums(at(kFilterBlock));
  multiply_places({most.data(), &window, 1, steps.data(), 1, kMostPairs, most.data(), 0}, 1, sums.data());
  for (const std::int64_t sum : sums) EXPECT_EQ(sum, kMostPairs * 2 * 255 * 255);
}

TEST(CodeKernels, SumsOfCodesEqualAPlainLoop) {
  Random random(5);
  const std::int64_t lanes = pair_lanes(), count = 75;
  const std::vector<std::uint32_t> pairs = random_pairs(random, count);
  std::vector<std::int32_t> sums(at(count + lanes), 5);
  add_pairs(pairs.data(), count, 8, sums.data());
  for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(sums[at(i)], 5 + 256 * (low(pairs[at(i)]) + high(pairs[at(i)])));

  const std::vector<std::int64_t> windows{3, 20, 7}, steps{0, 9, 31, 2};
  std::vector<std::int32_t> out(at(3 * lanes));
  sum_steps(sums.data(), windows.data(), 3, steps.data(), 4, out.data());
  for (std::int64_t i = 0; i < 3 * lanes; ++i) {
    std::int64_t sum = 0;
    for (const std::int64_t step : steps) sum += sums[at(windows[at(i / lanes)] + step + i % lanes)];
    ASSERT_EQ(out[at(i)], sum);
  }
  for (std::int64_t width = 1; width < 40; ++width) {
    std::int64_t sum = 0;
    for (const std::int64_t step : steps)
      for (std::int64_t i = 0; i < width; ++i) sum += sums[at(step + i)];
    ASSERT_EQ(sum_places(sums.data(), steps.data(), 4, width), sum);
  }
}

}  // namespace
}  // namespace ldpsim
