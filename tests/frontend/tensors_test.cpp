// SPDX-License-Identifier: Apache-2.0
// The quantisers in LibTorch's operations, which other devices use, against the kernels of the CPU.
#include "frontend/quant/tensors.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <cstring>
#include <limits>

namespace ldpsim {
namespace {

using at::Tensor;

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.strides() == b.strides() &&
         std::memcmp(a.data_ptr<float>(), b.data_ptr<float>(), static_cast<std::size_t>(4 * a.numel())) == 0;
}

/// Of several sizes and orders of memory, with zeros of both signs, ties and values beyond the grid.
std::vector<Tensor> tensors() {
  at::manual_seed(21);
  Tensor odd = torch::tensor({-0.0f, 0.0f, 0.5f, 1.5f, 2.5f, -3.0f, 1e-40f, 1e30f, -1e30f, 254.5f, 7.0f, 0.1f});
  return {at::randn({37}), at::randn({4, 6, 5, 7}).contiguous(at::MemoryFormat::ChannelsLast),
          at::randn({6, 4, 3}) * 1e-3 + 2, odd};
}

class InOperations : public testing::TestWithParam<int> {};

TEST_P(InOperations, RoundAsTheKernelsDo) {
  for (const Tensor& x : tensors()) {
    for (const float offset : {-1.25f, 0.0f, -0.0f}) {
      const quant::Grid grid = quant::make_grid(offset, 3.1f, GetParam());
      const Tensor kernel = at::empty_like(x), operations = at::empty_like(x);
      quant::quantise_nearest(x, {&grid, 1}, kernel);
      quant::in_operations::quantise_nearest(x, {&grid, 1}, operations);
      EXPECT_TRUE(same_bits(kernel, operations)) << x.sizes() << " nearest";
      for (const std::int64_t first : {std::int64_t{0}, std::int64_t{12345}, (std::int64_t{1} << 32) - 5}) {
        quant::quantise_stochastic(x, grid, 0xFEDCBA9876543210u, kernel, first);
        quant::in_operations::quantise_stochastic(x, grid, 0xFEDCBA9876543210u, operations, first);
        EXPECT_TRUE(same_bits(kernel, operations)) << x.sizes() << " stochastic from " << first;
      }
    }
  }
}

TEST_P(InOperations, RoundEachPartOnItsOwnGrid) {
  const Tensor x = at::randn({5, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  std::vector<quant::Grid> grids;
  for (const quant::Range& range : quant::ranges_of(x, 5))
    grids.push_back(quant::make_grid(range.low, range.high - range.low, GetParam()));
  const Tensor kernel = at::empty_like(x), operations = at::empty_like(x);
  quant::quantise_nearest(x, grids, kernel);
  quant::in_operations::quantise_nearest(x, grids, operations);
  EXPECT_TRUE(same_bits(kernel, operations));
}

INSTANTIATE_TEST_SUITE_P(AllBits, InOperations, testing::Range(quant::kMinBits, quant::kMaxBits + 1));

TEST(InOperations, FindTheSameRanges) {
  for (Tensor x : tensors()) {
    for (const float wrong : {0.0f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      x.flatten().select(0, 1).fill_(wrong);
      const Tensor dense = x.contiguous();
      dense.view(-1).select(0, 1).fill_(wrong);
      for (const std::int64_t parts : {std::int64_t{1}, dense.size(0)}) {
        const auto kernel = quant::ranges_of(dense, parts), operations = quant::in_operations::ranges_of(dense, parts);
        ASSERT_EQ(kernel.size(), operations.size());
        for (std::size_t i = 0; i < kernel.size(); ++i) {
          EXPECT_EQ(kernel[i].finite, operations[i].finite);
          if (!kernel[i].finite) continue;
          EXPECT_EQ(kernel[i].low, operations[i].low);
          EXPECT_EQ(kernel[i].high, operations[i].high);
        }
      }
    }
  }
}

TEST(InOperations, SumTheSameErrorProduct) {
  at::manual_seed(22);
  const Tensor gradient = at::randn({1000}), quantised = at::randn({1000}), values = at::randn({1000});
  EXPECT_NEAR(quant::error_product(gradient, quantised, values),
              quant::in_operations::error_product(gradient, quantised, values), 1e-3);
}

}  // namespace
}  // namespace ldpsim
