// SPDX-License-Identifier: Apache-2.0
// Fused batch normalisation against LibTorch's operations in float64.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <omp.h>
#include <torch/types.h>

#include <limits>
#include <vector>

#include "frontend/norm/batch_norm.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::norm {
namespace {

using at::Tensor;

struct Case {
  std::int64_t samples, channels, height, width;
  bool relu, added;
};

/// Leaves of autograd and what two runs over them leave.
struct Leaves {
  Tensor x, weight, bias, added, mean, variance;
  Leaves(const Case& given, at::ScalarType type, double centre = 0.5) {
    at::manual_seed(7);
    const std::vector<std::int64_t> sizes = {given.samples, given.channels, given.height, given.width};
    const auto image = [&] { return at::randn(sizes, at::kDouble).contiguous(at::MemoryFormat::ChannelsLast); };
    const auto leaf = [&](const Tensor& values) { return values.to(at::kFloat).to(type).set_requires_grad(true); };
    x = leaf(image() + centre);
    added = leaf(image());
    weight = leaf(at::randn({given.channels}, at::kDouble));
    bias = leaf(at::randn({given.channels}, at::kDouble));
    mean = at::zeros({given.channels}, type);
    variance = at::ones({given.channels}, type);
  }
};

Tensor fused(const Leaves& leaves, const Case& given, bool training) {
  return batch_norm(leaves.x, {leaves.weight, leaves.bias, leaves.mean, leaves.variance}, training,
                    {given.relu, given.added ? leaves.added : Tensor()});
}

Tensor by_libtorch(const Leaves& leaves, const Case& given, bool training) {
  Tensor y = at::batch_norm(leaves.x, leaves.weight, leaves.bias, leaves.mean, leaves.variance, training, 0.1, 1e-5,
                            /*cudnn_enabled=*/false);
  if (given.added) y = y + leaves.added;
  return given.relu ? y.relu() : y;
}

void expect_near(const Tensor& found, const Tensor& expected, double tolerance, const char* what) {
  ASSERT_TRUE(found.defined()) << what;
  const double largest = expected.abs().max().item<double>();
  EXPECT_LE((found.to(at::kDouble) - expected).abs().max().item<double>(), tolerance * largest) << what;
}

class BatchNormTest : public testing::TestWithParam<Case> {};

TEST_P(BatchNormTest, EqualsLibTorchInTraining) {
  const Case& given = GetParam();
  const Leaves own(given, at::kFloat), reference(given, at::kDouble);
  const Tensor y = fused(own, given, true), expected = by_libtorch(reference, given, true);
  expect_near(y, expected, 1e-6, "y");
  expect_near(own.mean, reference.mean, 1e-6, "running mean");
  expect_near(own.variance, reference.variance, 1e-6, "running variance");
  const Tensor gradient = at::randn(y.sizes(), at::kDouble);
  y.backward(gradient.to(at::kFloat));
  expected.backward(gradient.to(at::kFloat).to(at::kDouble));
  expect_near(own.x.grad(), reference.x.grad(), 1e-5, "to x");
  expect_near(own.weight.grad(), reference.weight.grad(), 1e-5, "to weight");
  expect_near(own.bias.grad(), reference.bias.grad(), 1e-5, "to bias");
  if (given.added) expect_near(own.added.grad(), reference.added.grad(), 1e-6, "to added");
}

TEST_P(BatchNormTest, EqualsLibTorchInTests) {
  const Case& given = GetParam();
  Leaves own(given, at::kFloat), reference(given, at::kDouble);
  for (Leaves* leaves : {&own, &reference}) {
    leaves->mean.fill_(0.25);
    leaves->variance.fill_(1.5);
  }
  const at::NoGradGuard no_grad;
  expect_near(fused(own, given, false), by_libtorch(reference, given, false), 1e-6, "y");
  EXPECT_EQ(own.mean[0].item<float>(), 0.25f);
}

INSTANTIATE_TEST_SUITE_P(Shapes, BatchNormTest,
                         testing::Values(Case{4, 16, 32, 32, true, false}, Case{4, 16, 32, 32, true, true},
                                         Case{4, 32, 16, 16, false, false}, Case{3, 64, 7, 5, true, true},
                                         Case{2, 512, 3, 3, true, false}, Case{5, 3, 9, 7, true, false},
                                         Case{1, 1, 3, 3, false, false}, Case{9, 48, 1, 1, true, true},
                                         Case{2, 700, 2, 2, false, true}));

TEST(BatchNorm, SameBitsForAnyNumberOfThreads) {
  const Case given{8, 16, 32, 32, true, true};
  const int before = omp_get_max_threads();
  Tensor first;
  for (int threads : {1, 2, 3}) {
    omp_set_num_threads(threads);
    const Leaves leaves(given, at::kFloat);
    const Tensor y = fused(leaves, given, true);
    y.sum().backward();
    const Tensor all =
        at::cat({y.detach().flatten(), leaves.x.grad().flatten(), leaves.weight.grad(), leaves.mean, leaves.variance});
    if (!first.defined()) first = all;
    EXPECT_TRUE(all.equal(first)) << threads << " threads";
  }
  omp_set_num_threads(before);
}

/// A mean of a thousand deviations: squares less the square of the mean would leave nothing of the variance.
TEST(BatchNorm, KeepsAVarianceFarFromZero) {
  const Case given{8, 16, 16, 16, false, false};
  const Leaves own(given, at::kFloat, 1000), reference(given, at::kDouble, 1000);
  fused(own, given, true);
  by_libtorch(reference, given, true);
  expect_near(own.variance, reference.variance, 1e-5, "running variance");
}

TEST(BatchNorm, LetsWhatIsNotANumberThrough) {
  const Case given{2, 16, 4, 4, true, false};
  const Leaves leaves(given, at::kFloat);
  const at::NoGradGuard no_grad;
  leaves.x[0][3][1][1].fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(fused(leaves, given, true).isnan().any().item<bool>());
}

TEST(BatchNorm, WantsTwoValuesOfAChannel) {
  const Case given{1, 16, 1, 1, true, false};
  const Leaves leaves(given, at::kFloat);
  EXPECT_THROW(fused(leaves, given, true), UserError);
  fused(leaves, given, false);
}

TEST(BatchNorm, TakesGradientsAndImagesOfAnyLayout) {
  const Case given{4, 16, 8, 8, true, true};
  const Leaves own(given, at::kFloat), other(given, at::kFloat);
  const Tensor rows = other.x.detach().contiguous().set_requires_grad(true);
  const Tensor y = batch_norm(rows, {other.weight, other.bias, other.mean, other.variance}, true,
                              {true, other.added.detach().contiguous()});
  const Tensor same = fused(own, given, true);
  EXPECT_TRUE(y.equal(same));
  same.sum().backward();  // a gradient of strides 0
  y.sum().backward();
  EXPECT_TRUE(rows.grad().equal(own.x.grad()));
}

}  // namespace
}  // namespace ldpsim::norm
