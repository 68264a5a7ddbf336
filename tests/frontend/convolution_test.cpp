// SPDX-License-Identifier: Apache-2.0
// Fast convolutions against LibTorch's direct sums in float64.
#include "frontend/conv/convolution.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <omp.h>
#include <torch/types.h>

#include <tuple>

#include "frontend/conv/kernel.hpp"
#include "frontend/conv/winograd.hpp"

namespace ldpsim::conv {
namespace {

constexpr Geometry kSame{1, 1, 1};

at::Tensor channels_last(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

/// Largest difference, relative to the largest element.
double difference(const at::Tensor& values, const at::Tensor& reference) {
  return ((values.to(at::kDouble) - reference).abs().max() / reference.abs().max()).item<double>();
}

struct Operands {
  at::Tensor x, weight, bias, gradient;
};

Operands operands(std::int64_t images, std::int64_t in, std::int64_t out, std::int64_t height, std::int64_t width) {
  at::manual_seed(static_cast<std::uint64_t>(((images * 1000 + in) * 1000 + out) * 1000 + height * 100 + width));
  return {channels_last(at::rand({images, in, height, width})), channels_last(at::randn({out, in, 3, 3})),
          at::randn({out}), channels_last(at::randn({images, out, height, width}))};
}

/// Both passes by Winograd's method, whether it pays or not.
struct Winograd {
  explicit Winograd(const Operands& o)
      : y(at::empty_like(o.gradient)), to_x(at::empty_like(o.x)), to_weight(at::empty_like(o.weight)) {
    const Channels channels{o.x.size(1), o.weight.size(0)};
    const Images images{o.x.size(0), o.x.size(2), o.x.size(3)};
    WinogradFilter(channels, pointer(o.weight), false).apply(images, pointer(o.x), pointer(y));
    WinogradFilter(channels, pointer(o.weight), true).apply(images, pointer(o.gradient), pointer(to_x));
    WinogradWeightGradient sums(channels);
    sums.add(images, pointer(o.x), pointer(o.gradient));
    sums.write(pointer(to_weight));
  }
  static float* pointer(const at::Tensor& tensor) { return tensor.data_ptr<float>(); }

  at::Tensor y, to_x, to_weight;
};

/// images, input channels, output channels, height, width: whole tiles, tiles cut on either side, images smaller than a
/// tile, more tiles than a block, counts of rows that leave a remainder.
class WinogradOf : public testing::TestWithParam<std::tuple<int, int, int, int, int>> {
 protected:
  Operands given() const {
    const auto [images, in, out, height, width] = GetParam();
    return operands(images, in, out, height, width);
  }
};

TEST_P(WinogradOf, EqualsTheDirectSumsInFloat64) {
  const Operands o = given();
  ASSERT_TRUE(winograd_takes({o.x.size(1), o.weight.size(0)}));
  const at::Tensor x64 = o.x.to(at::kDouble), weight64 = o.weight.to(at::kDouble);
  const auto [to_x, to_weight, none] =
      at::convolution_backward(o.gradient.to(at::kDouble), x64, weight64, c10::OptionalIntArrayRef(), {1, 1}, {1, 1},
                               {1, 1}, /*transposed=*/false, {0, 0}, 1, {true, true, false});
  const Winograd winograd(o);
  EXPECT_LT(difference(winograd.y, at::conv2d(x64, weight64, {}, 1, 1)), 1e-5);
  EXPECT_LT(difference(winograd.to_x, to_x), 1e-5);
  EXPECT_LT(difference(winograd.to_weight, to_weight), 5e-5);
}

TEST_P(WinogradOf, GivesTheSameBitsForAnyNumberOfThreads) {
  const Operands o = given();
  omp_set_num_threads(1);
  const Winograd one(o);
  omp_set_num_threads(3);
  const Winograd three(o);
  omp_set_num_threads(1);
  EXPECT_TRUE(at::equal(one.y, three.y));
  EXPECT_TRUE(at::equal(one.to_x, three.to_x));
  EXPECT_TRUE(at::equal(one.to_weight, three.to_weight));
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradOf,
                         testing::Values(std::tuple(2, 16, 16, 32, 32), std::tuple(3, 32, 16, 13, 7),
                                         std::tuple(5, 16, 48, 7, 7), std::tuple(1, 64, 64, 8, 8),
                                         std::tuple(7, 16, 16, 1, 1), std::tuple(2, 16, 32, 3, 21),
                                         std::tuple(1, 128, 80, 5, 4), std::tuple(110, 64, 48, 4, 3)));

/// Operands that are made from other values in parts, with which `done` is called: once for all samples of the batch.
TEST(Convolve, MakesOperandsWhereItNeedsThem) {
  for (const std::int64_t stride : {1, 2}) {  // by Winograd's method in parts, by LibTorch as a whole
    const auto given = operands(9, 16, 16, 32, 32);
    const at::Tensor gradient =
        given.gradient.slice(2, 0, 32, stride).slice(3, 0, 32, stride).contiguous(at::MemoryFormat::ChannelsLast);
    const Geometry geometry{stride, 1, 1};
    const auto twice = [](std::int64_t, const at::Tensor& from, const at::Tensor& to) {
      at::mul_out(const_cast<at::Tensor&>(to), from, 2);
    };
    Scratch for_x, for_gradient;
    const Operand x(given.x, for_x, twice), to_y(gradient, for_gradient, twice);
    const at::Tensor doubled = given.x * 2;
    EXPECT_TRUE(
        at::equal(forward(x, given.weight, {}, geometry), forward(Operand(doubled), given.weight, {}, geometry)));
    at::Tensor seen = at::zeros_like(given.x), to_seen = at::zeros_like(given.x);
    const Gradients parts = backward(to_y, x, given.weight, geometry, {true, true, false},
                                     [&](std::int64_t first, const at::Tensor& to_part, const at::Tensor& part) {
                                       seen.narrow(0, first, part.size(0)).add_(part);
                                       to_seen.narrow(0, first, part.size(0)).add_(to_part);
                                     });
    const Gradients whole =
        backward(Operand(gradient * 2), Operand(doubled), given.weight, geometry, {true, true, false});
    EXPECT_TRUE(at::equal(parts.x, whole.x));
    EXPECT_TRUE(at::equal(parts.weight, whole.weight));
    EXPECT_TRUE(at::equal(seen, doubled));
    EXPECT_TRUE(at::equal(to_seen, whole.x));
  }
}

TEST(Convolve, IsAnOperationOfAutograd) {
  const auto given = operands(4, 16, 32, 19, 26);
  at::Tensor x = given.x.detach().requires_grad_(), weight = given.weight.detach().requires_grad_(),
             bias = given.bias.detach().requires_grad_();
  convolve(x, weight, bias, kSame).backward(given.gradient);
  const Gradients to = backward(Operand(given.gradient), Operand(given.x), given.weight, kSame, {true, true, true});
  EXPECT_TRUE(at::equal(x.grad(), to.x));
  EXPECT_TRUE(at::equal(weight.grad(), to.weight));
  EXPECT_TRUE(at::equal(bias.grad(), to.bias));
  EXPECT_LT(difference(to.bias, given.gradient.to(at::kDouble).sum({0, 2, 3})), 1e-5);
  const at::Tensor y = forward(Operand(given.x), given.weight, given.bias, kSame);
  EXPECT_LT(difference(
                y, at::conv2d(given.x.to(at::kDouble), given.weight.to(at::kDouble), given.bias.to(at::kDouble), 1, 1)),
            1e-5);
}

TEST(Convolve, NeedsNoBiasAndLeavesOutWhatNeedsNoGradient) {
  const auto given = operands(8, 16, 16, 16, 16);
  at::Tensor weight = given.weight.detach().requires_grad_();
  convolve(given.x, weight, {}, kSame).backward(given.gradient);
  EXPECT_TRUE(
      at::equal(weight.grad(),
                backward(Operand(given.gradient), Operand(given.x), given.weight, kSame, {true, true, false}).weight));
  EXPECT_FALSE(given.x.grad().defined());
}

/// What Winograd's method does not take, and everything once the user has chosen so, is LibTorch's.
TEST(Convolve, LeavesTheRestToLibTorch) {
  const auto given = operands(8, 16, 32, 16, 16);
  EXPECT_TRUE(
      at::equal(forward(Operand(given.x), given.weight, {}, {2, 1, 1}), at::conv2d(given.x, given.weight, {}, 2, 1)));
  const auto colours = operands(2, 3, 16, 8, 8);
  EXPECT_FALSE(winograd_takes({3, 16}));
  EXPECT_TRUE(at::equal(forward(Operand(colours.x), colours.weight, {}, kSame),
                        at::conv2d(colours.x, colours.weight, {}, 1, 1)));
  const auto small = operands(512, 16, 16, 2, 2), few = operands(1, 16, 16, 8, 8);
  EXPECT_TRUE(
      at::equal(forward(Operand(small.x), small.weight, {}, kSame), at::conv2d(small.x, small.weight, {}, 1, 1)));
  EXPECT_TRUE(at::equal(forward(Operand(few.x), few.weight, {}, kSame), at::conv2d(few.x, few.weight, {}, 1, 1)));
  const at::Tensor direct = at::conv2d(given.x, given.weight, {}, 1, 1);
  EXPECT_FALSE(at::equal(forward(Operand(given.x), given.weight, {}, kSame), direct));
  use_kernel(Kernel::kDirect);
  EXPECT_TRUE(at::equal(forward(Operand(given.x), given.weight, {}, kSame), direct));
  use_kernel(Kernel::kWinograd);
}

}  // namespace
}  // namespace ldpsim::conv
