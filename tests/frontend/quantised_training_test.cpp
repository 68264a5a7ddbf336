// SPDX-License-Identifier: Apache-2.0
// The quantised layers and the precision gradient against autograd.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "frontend/methods/ldp.hpp"
#include "frontend/quant/layer.hpp"
#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

using at::Tensor;
using testing::HasSubstr;

Tensor straight_through_round(const Tensor& x) { return x + (x.round() - x).detach(); }

/// CPT's quantiser in differentiable operations, as a function of the precision: rounding passes gradients, ranges are
/// constants.
Tensor differentiable_quantise(const Tensor& x, const Tensor& bits, bool per_channel) {
  const Tensor flat = per_channel ? x.detach().flatten(1) : x.detach().reshape({1, -1});
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  if (per_channel) shape[0] = x.size(0);
  const Tensor low = flat.amin(1).reshape(shape), span = flat.amax(1).reshape(shape) - low;
  const Tensor scale = span / (at::pow(2, bits) - 1);
  return straight_through_round((x - low) / scale) * scale + low;
}

/// relu(conv(x, w1)) then conv with w2, reduced by fixed weights to one number.
struct TwoLayers {
  Tensor x, w1, w2, reduce;
  Network network;

  TwoLayers() {
    at::manual_seed(4);
    x = at::randn({6, 3, 9, 9}).contiguous(at::MemoryFormat::ChannelsLast);
    w1 = at::randn({8, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
    w2 = at::randn({5, 8, 1, 1}).requires_grad_();
    reduce = at::randn({6, 5, 5, 5});
    network.layers.resize(2);
    network.layers[0] = {.name = "one",
                         .in_channels = 3,
                         .out_channels = 8,
                         .in_height = 9,
                         .in_width = 9,
                         .kernel_height = 3,
                         .kernel_width = 3,
                         .padding = 1};
    network.layers[1] = {
        .name = "two", .in_channels = 8, .out_channels = 5, .in_height = 9, .in_width = 9, .stride = 2};
  }
};

class PrecisionGradient : public testing::TestWithParam<double> {};

TEST_P(PrecisionGradient, OfTheClosedFormEqualsAutograd) {
  const double beta = GetParam();
  TwoLayers net;
  const methods::MethodSettings common{&net.network, 3, 8, 8, 8};
  methods::Ldp ldp(common, {});
  ldp.restore(std::vector<double>{beta, beta, 0, 0});

  quant::Site one, two;
  one.padding = 1;
  two.stride = 2;
  for (quant::Site* site : {&one, &two}) {
    site->weight_bits = site->activation_bits = ldp.precision(0)[0].weight;
    site->wants_error_products = true;
  }
  const Tensor loss =
      (quant::quantised_conv(quant::quantised_conv(net.x, net.w1, one).relu(), net.w2, two) * net.reduce).sum();
  loss.backward();
  const auto found =
      ldp.task_gradient(std::vector<methods::ErrorProducts>{{one.activation_error_product, one.weight_error_product},
                                                            {two.activation_error_product, two.weight_error_product}});

  const Tensor w1 = net.w1.detach().clone().requires_grad_(), w2 = net.w2.detach().clone().requires_grad_();
  const Tensor betas = at::full({2}, beta).requires_grad_();
  const Tensor bits = straight_through_round(betas * 5 + 3);
  const Tensor hidden =
      at::conv2d(differentiable_quantise(net.x, bits[0], false), differentiable_quantise(w1, bits[0], true), {}, 1, 1)
          .relu();
  const Tensor out =
      at::conv2d(differentiable_quantise(hidden, bits[1], false), differentiable_quantise(w2, bits[1], true), {}, 2);
  const Tensor expected_loss = (out * net.reduce).sum();
  expected_loss.backward();

  EXPECT_NEAR(loss.item<double>(), expected_loss.item<double>(), 1e-4 * std::abs(expected_loss.item<double>()));
  for (int layer = 0; layer < 2; ++layer) {
    const double expected = betas.grad()[layer].item<double>();
    EXPECT_NEAR(found[static_cast<std::size_t>(layer)], expected, 1e-4 * std::abs(expected)) << "layer " << layer;
  }
  EXPECT_TRUE(at::allclose(net.w1.grad(), w1.grad(), 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(net.w2.grad(), w2.grad(), 1e-4, 1e-4));
}

INSTANTIATE_TEST_SUITE_P(AtSeveralBits, PrecisionGradient, testing::Values(0.0, 0.2, 0.4, 0.6, 0.8, 1.0));

/// code*scale + offset in float32, one grid for each equal part.
Tensor multiplied_out(const quant::CapturedTensor& tensor) {
  Tensor values = at::empty(tensor.shape);
  float* out = values.data_ptr<float>();
  const std::size_t length = tensor.codes.size() / tensor.grids.size();
  for (std::size_t i = 0; i < tensor.codes.size(); ++i) {
    const quant::Grid& grid = tensor.grids[i / length];
    volatile float product = static_cast<float>(tensor.codes[i]) * grid.scale;
    out[i] = product + grid.offset;
  }
  return values;
}

class CapturedCodes : public testing::TestWithParam<bool> {};

TEST_P(CapturedCodes, AreTheOperandsThatTrainingUsed) {
  const bool per_channel = GetParam();
  at::manual_seed(5);
  const Tensor x = at::randn({4, 6, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  const Tensor w = at::randn({7, 6, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  quant::Site site;
  site.stride = 2;
  site.padding = 1;
  site.weight_bits = 4;
  site.activation_bits = 5;
  site.gradient_bits = 6;
  site.weight_per_channel = per_channel;
  site.rounding_key = 77;
  site.capture = std::make_unique<quant::CapturedOperands>();
  site.capture->images = 4;
  const Tensor y = quant::quantised_conv(x, w, site);
  const Tensor incoming = at::randn(y.sizes()).contiguous(at::MemoryFormat::ChannelsLast);
  y.backward(incoming);

  const Tensor xq = multiplied_out(site.capture->activation), wq = multiplied_out(site.capture->weight);
  const Tensor gq = multiplied_out(site.capture->gradient);
  EXPECT_EQ(site.capture->weight.grids.size(), per_channel ? 7u : 1u);
  // The same library on the same bits in the same layout: equal to the last bit.
  const auto last = [](const Tensor& t) { return t.contiguous(at::MemoryFormat::ChannelsLast); };
  EXPECT_TRUE(at::equal(y.detach(), at::conv2d(last(xq), last(wq), {}, 2, 1)));
  const auto [dx, dw, db] = at::convolution_backward(last(gq), last(xq), last(wq), c10::nullopt, {2, 2}, {1, 1}, {1, 1},
                                                     false, {0, 0}, 1, {true, true, false});
  EXPECT_TRUE(at::equal(x.grad(), dx));
  EXPECT_TRUE(at::equal(w.grad(), dw));
}

TEST_P(CapturedCodes, OfTheFirstImagesAreAPrefixOfThoseOfAll) {
  at::manual_seed(6);
  const Tensor x = at::randn({4, 6, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast),
               w = at::randn({7, 6, 3, 3}).requires_grad_();
  std::vector<quant::CapturedOperands> captured;
  for (const std::int64_t images : {4, 2}) {
    quant::Site site;
    site.weight_bits = site.activation_bits = site.gradient_bits = 8;
    site.weight_per_channel = GetParam();
    site.capture = std::make_unique<quant::CapturedOperands>();
    site.capture->images = images;
    at::manual_seed(7);
    const Tensor y = quant::quantised_conv(x, w, site);
    y.backward(at::randn(y.sizes()).contiguous(at::MemoryFormat::ChannelsLast));
    captured.push_back(std::move(*site.capture));
  }
  const auto prefix = [](const std::vector<std::uint16_t>& codes) {
    return std::vector(codes.begin(), codes.begin() + static_cast<std::ptrdiff_t>(codes.size() / 2));
  };
  EXPECT_EQ(captured[1].activation.codes, prefix(captured[0].activation.codes));
  EXPECT_EQ(captured[1].gradient.codes, prefix(captured[0].gradient.codes));
  EXPECT_EQ(captured[1].weight.codes, captured[0].weight.codes);
}

INSTANTIATE_TEST_SUITE_P(WeightRanges, CapturedCodes, testing::Bool());

TEST(QuantisedConv, ClipsToTheRunningRangeInEvaluation) {
  at::NoGradGuard no_grad;
  quant::Site site;
  site.weight_bits = site.activation_bits = 8;
  site.training = false;
  site.running_low = -1;
  site.running_span = 3;
  const Tensor x = torch::tensor({-5.0f, -1.0f, 0.5f, 2.0f, 9.0f}).reshape({1, 1, 1, 5}), w = at::ones({1, 1, 1, 1});
  const Tensor y = quant::quantised_conv(x, w, site);
  EXPECT_FLOAT_EQ(y[0][0][0][0].item<float>(), -1);
  EXPECT_NEAR(y[0][0][0][2].item<float>(), 0.5, 3.0 / 255 / 2 + 1e-6);
  EXPECT_FLOAT_EQ(y[0][0][0][4].item<float>(), 2);
  EXPECT_EQ(site.running_span, 3) << "evaluation must not move the running range";
}

TEST(QuantisedConv, MovesTheRunningRangeInTraining) {
  quant::Site site;
  site.weight_bits = site.activation_bits = 8;
  const Tensor x = torch::tensor({-2.0f, 4.0f}).reshape({1, 1, 1, 2}), w = at::ones({1, 1, 1, 1}).requires_grad_();
  quant::quantised_conv(x, w, site);
  EXPECT_FLOAT_EQ(site.running_low, -0.2f);
  EXPECT_FLOAT_EQ(site.running_span, 0.6f);
}

std::string error_of(const Tensor& x, const Tensor& w, const Tensor& gradient) {
  quant::Site site;
  site.where = "iteration 7, layer 'conv1'";
  site.weight_bits = site.activation_bits = site.gradient_bits = 8;
  try {
    quant::quantised_conv(x, w.clone().requires_grad_(), site).backward(gradient);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(QuantisedConv, NamesTheTensorThatIsNotFinite) {
  const Tensor good = at::ones({1, 1, 2, 2}), w = at::ones({1, 1, 1, 1});
  const Tensor bad = at::full({1, 1, 2, 2}, NAN), infinite = at::full({1, 1, 2, 2}, INFINITY);
  const Tensor wide = torch::tensor({-3e38f, 3e38f, 0.0f, 0.0f}).reshape({1, 1, 2, 2});
  EXPECT_EQ(error_of(good, w, good), "no error");
  EXPECT_THAT(error_of(bad, w, good),
              HasSubstr("iteration 7, layer 'conv1': error: the activation has NaN or infinite values"));
  EXPECT_THAT(error_of(good, at::full({1, 1, 1, 1}, INFINITY), good),
              HasSubstr("the weight has NaN or infinite values"));
  EXPECT_THAT(error_of(good, w, infinite), HasSubstr("the gradient has NaN or infinite values"));
  EXPECT_THAT(error_of(wide, w, good), HasSubstr("exceeds float32"));
}

/// One linear layer over tokens, with a bias, against autograd on differentiable operations.
TEST(QuantisedLinear, ItsGradientsAndErrorProductsEqualAutograd) {
  at::manual_seed(8);
  const Tensor x = at::randn({3, 5, 7}).requires_grad_(), w = at::randn({4, 7}).requires_grad_(),
               b = at::randn({4}).requires_grad_(), reduce = at::randn({3, 5, 4});
  quant::Site site;
  site.weight_bits = site.activation_bits = 4;
  site.wants_error_products = true;
  (quant::quantised_linear(x, w, site, b) * reduce).sum().backward();

  const Tensor x2 = x.detach().clone().requires_grad_(), w2 = w.detach().clone().requires_grad_(),
               b2 = b.detach().clone().requires_grad_(), bits = at::full({}, 4.0);
  const Tensor xq = differentiable_quantise(x2, bits, false), wq = differentiable_quantise(w2, bits, true),
               bq = differentiable_quantise(b2, bits, false);
  (at::linear(xq, wq, bq) * reduce).sum().backward();
  EXPECT_TRUE(at::allclose(x.grad(), x2.grad(), 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(w.grad(), w2.grad(), 1e-4, 1e-5));
  EXPECT_TRUE(at::allclose(b.grad(), b2.grad(), 1e-4, 1e-5));
  const auto error = [](const Tensor& gradient, const Tensor& quantised, const Tensor& value) {
    return (gradient * (quantised - value)).sum().item<double>();
  };
  EXPECT_NEAR(site.activation_error_product, error(x2.grad(), xq.detach(), x2.detach()), 1e-3);
  EXPECT_NEAR(site.weight_error_product,
              error(w2.grad(), wq.detach(), w2.detach()) + error(b2.grad(), bq.detach(), b2.detach()), 1e-3);
}

TEST(QuantisedConv, KeepsGroupsApart) {
  at::manual_seed(9);
  const Tensor x = at::randn({2, 6, 5, 5}), w = at::randn({9, 2, 3, 3}).requires_grad_();
  quant::Site site;
  site.weight_bits = site.activation_bits = 8;
  site.padding = 1;
  site.groups = 3;
  const Tensor bits = at::full({}, 8.0);
  const Tensor expected = at::conv2d(differentiable_quantise(x, bits, false),
                                     differentiable_quantise(w.detach(), bits, true), {}, 1, 1, 1, 3);
  EXPECT_TRUE(at::allclose(quant::quantised_conv(x, w, site), expected, 1e-4, 1e-4));
}

}  // namespace
}  // namespace ldpsim
