// SPDX-License-Identifier: Apache-2.0
// What needs LibTorch: the quantised convolution and the precision gradient against autograd, and the networks.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "frontend/methods/ldp.hpp"
#include "frontend/models/model.hpp"
#include "frontend/quant/layer.hpp"
#include "sim/core/error.hpp"
#include "sim/workload/network_csv.hpp"

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

std::unique_ptr<models::Model> model_named(const std::string& name, int classes) {
  for (const models::ModelEntry& entry : models::builtin_models()) {
    if (entry.name == name) return entry.make({classes, entry.published.size}, 1);
  }
  return nullptr;
}

class Networks : public testing::TestWithParam<std::tuple<const char*, std::int64_t, std::int64_t>> {};

TEST_P(Networks, HaveThePublishedShapesAndTheirTable) {
  const auto [name, macs, parameters] = GetParam();
  const auto model = model_named(name, 10);
  EXPECT_EQ(model->network().macs(), macs);
  EXPECT_EQ(model->parameter_count(), parameters);
  const Network table = read_network_csv(std::string(LDPSIM_SOURCE_DIR "/networks/") + name + ".csv").network;
  ASSERT_EQ(table.layers.size(), model->network().layers.size());
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    const Layer &a = table.layers[i], &b = model->network().layers[i];
    EXPECT_EQ(std::tie(a.name, a.kind, a.in_channels, a.out_channels, a.in_height, a.in_width, a.kernel_height,
                       a.stride, a.padding),
              std::tie(b.name, b.kind, b.in_channels, b.out_channels, b.in_height, b.in_width, b.kernel_height,
                       b.stride, b.padding))
        << "layer " << i;
  }
}

// MACs: He et al. 2016 with projection shortcuts. Parameters: convolutions, classifier, and two for each normalised
// channel.
INSTANTIATE_TEST_SUITE_P(CifarResNets, Networks,
                         testing::Values(std::tuple("resnet20", 40'813'184, 272'474),
                                         std::tuple("resnet38", 83'280'512, 564'122),
                                         std::tuple("resnet74", 168'215'168, 1'147'418)));

TEST(ResNet20, RunsItsLayersAtTheShapesItDeclares) {
  const auto model = model_named("resnet20", 10);
  std::size_t quantised = 0;
  for (std::size_t i = 0; i < model->sites().size(); ++i) {
    if (!model->network().layers[i].quantised) continue;
    ++quantised;
    quant::Site& site = model->sites()[i];
    site.weight_bits = site.activation_bits = site.gradient_bits = 8;
    site.capture = std::make_unique<quant::CapturedOperands>();
  }
  EXPECT_EQ(quantised, 21u);
  const Tensor logits = model->forward(at::randn({2, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast), true);
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, 10}));
  logits.sum().backward();
  for (std::size_t i = 0; i < model->sites().size(); ++i) {
    const Layer& layer = model->network().layers[i];
    if (!layer.quantised) continue;
    const quant::CapturedOperands& operands = *model->sites()[i].capture;
    EXPECT_EQ(operands.activation.shape,
              (std::vector{std::int64_t{1}, layer.in_channels, layer.in_height, layer.in_width}))
        << layer.name;
    EXPECT_EQ(operands.gradient.shape,
              (std::vector{std::int64_t{1}, layer.out_channels, layer.out_height(), layer.out_width()}))
        << layer.name;
    EXPECT_EQ(operands.weight.shape,
              (std::vector{layer.out_channels, layer.in_channels, layer.kernel_height, layer.kernel_width}));
  }
}

TEST(ResNet20, StartsFromTheSeed) {
  const auto first = models::cifar_resnet(1).make({}, 3), same = models::cifar_resnet(1).make({}, 3),
             other = models::cifar_resnet(1).make({}, 4);
  EXPECT_TRUE(at::equal(first->parameters()[0].tensor, same->parameters()[0].tensor));
  EXPECT_FALSE(at::equal(first->parameters()[0].tensor, other->parameters()[0].tensor));
  // N(0, sqrt(2 / (k*k*Cout))) of the stage 3 convolutions: 36,864 samples.
  for (const models::NamedTensor& parameter : first->parameters()) {
    if (parameter.name != "stage3.block1.conv2.weight") continue;
    EXPECT_NEAR(parameter.tensor.std().item<double>(), std::sqrt(2.0 / (9 * 64)), 0.001);
    EXPECT_NEAR(parameter.tensor.mean().item<double>(), 0, 0.002);
  }
}

}  // namespace
}  // namespace ldpsim
