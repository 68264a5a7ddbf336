// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/bit_kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <vector>

#include "sim/core/random.hpp"
#include "sim/datapath/aligned_buffer.hpp"

namespace ldpsim {
namespace {

std::vector<std::uint32_t> random_words(Random& random, std::int64_t count) {
  std::vector<std::uint32_t> words(static_cast<std::size_t>(count));
  for (auto& word : words) word = static_cast<std::uint32_t>(random.next());
  return words;
}

std::int64_t weight(int plane, int planes, bool negative) {
  return negative && plane == planes - 1 ? -(std::int64_t{1} << plane) : std::int64_t{1} << plane;
}

TEST(BitKernels, PackedPlanesHoldTheBits) {
  Random random(1);
  for (const std::int64_t words : {1, 2, 5})
    for (int planes = 1; planes <= kMostPlanes; ++planes) {
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(words * 32));
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
      std::vector<std::uint32_t> rows(static_cast<std::size_t>(words * planes));
      pack_planes(bytes.data(), words, planes, rows.data());
      for (std::size_t i = 0; i < bytes.size(); ++i)
        for (std::size_t plane = 0; plane < static_cast<std::size_t>(planes); ++plane) {
          ASSERT_EQ(rows[i / 32 * static_cast<std::size_t>(planes) + plane] >> (i % 32) & 1u, bytes[i] >> plane & 1u);
        }
    }
}

/// Rows and words around the sizes of registers, bytes of counts and blocks, against a plain double loop.
void expect_products(std::int64_t panel_rows, std::int64_t rows, std::int64_t words, int panel_planes, int row_planes,
                     int digit, bool panel_negative, bool row_negative) {
  Random random(static_cast<std::uint64_t>(panel_rows * 131 + rows * 17 + words));
  const std::vector<std::uint32_t> a = random_words(random, panel_rows * words * panel_planes),
                                   b = random_words(random, rows * words * row_planes);
  AlignedBuffer<std::uint32_t> panel;
  fill_panel(a.data(), panel_rows, words, panel_planes, panel.resize(panel_size(panel_rows, words, panel_planes)));
  const std::int64_t lanes = kernel_shape().lanes, pitch = (panel_rows + lanes - 1) / lanes * lanes, first = words / 3;
  std::vector<std::int32_t> out(static_cast<std::size_t>(rows * pitch), -1);
  multiply_planes({panel.data(), panel_rows, words, panel_planes, panel_negative},
                  {b.data(), rows, words, row_planes, row_negative}, first, words - first, digit, out.data());
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t l = 0; l < panel_rows; ++l) {
      std::int64_t sum = 0;
      for (std::int64_t word = first; word < words; ++word)
        for (int i = 0; i < row_planes; ++i)
          for (int j = 0; j < panel_planes; ++j) {
            const std::uint32_t bits = a[static_cast<std::size_t>((l * words + word) * panel_planes + j)] &
                                       b[static_cast<std::size_t>((r * words + word) * row_planes + i)];
            sum += std::popcount(bits) * weight(i, row_planes, row_negative) * weight(j, panel_planes, panel_negative);
          }
      ASSERT_EQ(out[static_cast<std::size_t>(r * pitch + l)], sum)
          << panel_rows << " " << rows << " " << words << " " << panel_planes << " " << row_planes << " digit "
          << digit;
    }
}

TEST(BitKernels, ProductsOfPlanesEqualAPlainLoop) {
  for (const std::optional<PopcountPath> path :
       {std::optional<PopcountPath>(), std::optional(PopcountPath::kInstruction)}) {
    if (!force_popcount_path(path)) continue;
    for (int p = 1; p <= kMostPlanes; ++p)
      for (int q = 1; q <= kMostPlanes; ++q)
        for (int option = 0; option < 8; ++option)
          expect_products(9, 3, 4, p, q, 1 + option / 4, option % 2 != 0, option / 2 % 2 != 0);
    for (const std::int64_t words : {1, 10, 11, 31, 32, 63, 200})
      for (const std::int64_t rows : {1, 7, 8, 17})
        expect_products(rows, 5, words, 8, 8, 1 + static_cast<int>(words % 2), false, false);
  }
  force_popcount_path(std::nullopt);
}

TEST(BitKernels, LongestReductionStaysWithin32Bits) {
  const std::vector<std::uint32_t> ones(static_cast<std::size_t>(kMostWords * kMostPlanes), ~0u);
  AlignedBuffer<std::uint32_t> panel;
  fill_panel(ones.data(), 1, kMostWords, kMostPlanes, panel.resize(panel_size(1, kMostWords, kMostPlanes)));
  std::vector<std::int32_t> out(static_cast<std::size_t>(kernel_shape().lanes));
  for (const int digit : {1, 2}) {
    multiply_planes({panel.data(), 1, kMostWords, kMostPlanes, false}, {ones.data(), 1, kMostWords, kMostPlanes, false},
                    0, kMostWords, digit, out.data());
    EXPECT_EQ(out[0], kMostWords * 32 * 255 * 255);
  }
}

TEST(BitKernels, RowSumsWeighThePlanes) {
  Random random(3);
  for (int planes = 1; planes <= kMostPlanes; ++planes)
    for (const bool negative : {false, true}) {
      const std::vector<std::uint32_t> rows = random_words(random, 3 * 5 * planes);
      std::int64_t sums[3];
      sum_rows({rows.data(), 3, 5, planes, negative}, sums);
      for (std::size_t r = 0; r < 3; ++r) {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < static_cast<std::size_t>(5 * planes); ++i) {
          sum += std::popcount(rows[r * 5 * static_cast<std::size_t>(planes) + i]) *
                 weight(static_cast<int>(i) % planes, planes, negative);
        }
        ASSERT_EQ(sums[r], sum);
      }
    }
}

TEST(BitKernels, SerialSumsEqualAPlainLoop) {
  Random random(4);
  for (const std::int64_t taps : {1, 9, 32, 33, 100})
    for (const std::int64_t lanes : {1, 15, 16, 40})
      for (int planes = 1; planes <= kMostPlanes; ++planes)
        for (const bool negative : {false, true}) {
          const std::int64_t pitch = lanes + 3;
          std::vector<std::int16_t> parallel(static_cast<std::size_t>(taps * pitch + 64));
          for (auto& code : parallel)
            code = static_cast<std::int16_t>(taps % 2 == 0 ? random.between(-128, 127) : random.between(200, 255));
          std::vector<std::uint32_t> masks(static_cast<std::size_t>(taps * planes));
          for (auto& mask : masks) mask = random.between(0, 3) != 0 ? ~0u : 0u;
          std::vector<std::int32_t> out(static_cast<std::size_t>(lanes + 64));
          serial_sum({parallel.data(), taps, pitch, lanes, masks.data(), planes, negative}, out.data());
          for (std::int64_t l = 0; l < lanes; ++l) {
            std::int64_t sum = 0;
            for (std::int64_t tap = 0; tap < taps; ++tap)
              for (int j = 0; j < planes; ++j) {
                const bool set = masks[static_cast<std::size_t>(tap * planes + j)] != 0;
                sum += set ? parallel[static_cast<std::size_t>(tap * pitch + l)] * weight(j, planes, negative) : 0;
              }
            ASSERT_EQ(out[static_cast<std::size_t>(l)], sum);
          }
        }
}

}  // namespace
}  // namespace ldpsim
