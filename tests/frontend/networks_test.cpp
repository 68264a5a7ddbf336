// SPDX-License-Identifier: Apache-2.0
// The networks against their published shapes and their tables.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <map>

#include "frontend/models/model.hpp"
#include "frontend/tasks/task.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim {
namespace {

using at::Tensor;

const models::ModelEntry& entry_named(const std::string& name) {
  for (const models::ModelEntry& entry : models::builtin_models()) {
    if (entry.name == name) return entry;
  }
  throw std::runtime_error(name);
}

struct Published {
  const char* name;
  models::Extent extent;
  std::int64_t macs, parameters;
  std::size_t quantised;
};
void PrintTo(const Published& published, std::ostream* out) { *out << published.name; }

class Networks : public testing::TestWithParam<Published> {};

TEST_P(Networks, HaveThePublishedShapesAndTheirTable) {
  const Published& published = GetParam();
  const auto model = entry_named(published.name).make(published.extent, {});
  EXPECT_EQ(model->network().macs(), published.macs);
  EXPECT_EQ(model->parameter_count(), published.parameters);
  const Network table = read_network_csv(std::string(LDPSIM_SOURCE_DIR "/networks/") + published.name + ".csv").network;
  ASSERT_EQ(table.layers.size(), model->network().layers.size());
  std::size_t quantised = 0;
  for (std::size_t i = 0; i < table.layers.size(); ++i) {
    const Layer &a = table.layers[i], &b = model->network().layers[i];
    quantised += b.quantised ? 1 : 0;
    if (a.name == "vocabulary") continue;  // the dataset's
    EXPECT_EQ(std::tie(a.name, a.kind, a.in_channels, a.out_channels, a.in_height, a.in_width, a.kernel_height,
                       a.stride, a.padding, a.groups, a.quantised),
              std::tie(b.name, b.kind, b.in_channels, b.out_channels, b.in_height, b.in_width, b.kernel_height,
                       b.stride, b.padding, b.groups, b.quantised))
        << "layer " << i;
  }
  EXPECT_EQ(quantised, published.quantised);
}

// MACs: He et al. 2016 with projection shortcuts; torchvision's ResNet-18; Touvron et al. 2021; Zhao et al. 2020 on a
// 64x64 patch; Ott et al. 2019, of a vocabulary of 1,000 words instead of 267,744. Parameters: torchvision 11,689,512;
// DeiT-Tiny 5,717,416; PAN 272 K.
INSTANTIATE_TEST_SUITE_P(All, Networks,
                         testing::Values(Published{"resnet20", {10, 32}, 40'813'184, 272'474, 21},
                                         Published{"resnet38", {10, 32}, 83'280'512, 564'122, 39},
                                         Published{"resnet74", {10, 32}, 168'215'168, 1'147'418, 75},
                                         Published{"resnet18", {1000, 224}, 1'814'073'344, 11'689'512, 16},
                                         Published{"deit-tiny", {1000, 224}, 1'253'683'200, 5'717'416, 48},
                                         Published{"pan-x4", {0, 64}, 2'002'747'392, 272'419, 113},
                                         Published{"transformer-lm",
                                                   {1000, 512},
                                                   81'461'772'288 - 512 * 512 * std::int64_t{267'744 - 1000},
                                                   19'427'328,
                                                   36}));

/// Small enough for a test, large enough for every layer.
models::Extent small_extent(const models::ModelEntry& entry) {
  switch (entry.task) {
    case data::TaskKind::kClassification:
      return {10, entry.published.size == 224 ? 64 : 32};
    case data::TaskKind::kSuperResolution:
      return {0, 8};
    case data::TaskKind::kLanguageModelling:
      return {24, 12};
  }
  return {};
}

class EveryNetwork : public testing::TestWithParam<const char*> {};

TEST_P(EveryNetwork, RunsItsQuantisedLayersAtTheShapesItDeclares) {
  const models::ModelEntry& entry = entry_named(GetParam());
  const auto model = entry.make(small_extent(entry), {});
  for (std::size_t i = 0; i < model->sites().size(); ++i) {
    if (!model->network().layers[i].quantised) continue;
    quant::Site& site = model->sites()[i];
    site.weight_bits = site.activation_bits = site.gradient_bits = 8;
    site.capture = std::make_unique<quant::CapturedOperands>();
  }
  const tasks::Batch batch = tasks::random_batch(entry.task, small_extent(entry), 2);
  const Tensor loss = tasks::loss_of(entry.task, model->forward(batch.input, true), batch.target, 0);
  loss.backward();
  EXPECT_TRUE(std::isfinite(loss.item<double>()));
  for (const models::NamedTensor& parameter : model->parameters()) {
    EXPECT_TRUE(parameter.tensor.grad().defined()) << parameter.name;
  }
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
    EXPECT_EQ(operands.weight.shape, (std::vector{layer.out_channels, layer.in_channels / layer.groups,
                                                  layer.kernel_height, layer.kernel_width}))
        << layer.name;
  }
}

/// The derivative along the gradient itself is its squared norm: central differences of the float network.
TEST_P(EveryNetwork, ItsGradientIsTheDerivativeOfItsLoss) {
  const models::ModelEntry& entry = entry_named(GetParam());
  const auto model = entry.make(small_extent(entry), {});
  const tasks::Batch batch = tasks::random_batch(entry.task, small_extent(entry), 2);
  const auto loss = [&] {
    at::manual_seed(3);  // of dropout
    return tasks::loss_of(entry.task, model->forward(batch.input, true), batch.target, 0);
  };
  loss().backward();
  double square = 0;
  for (const models::NamedTensor& parameter : model->parameters())
    square += parameter.tensor.grad().square().sum().item<double>();
  const double step = 1e-3 / std::sqrt(square);
  const auto moved = [&](double by) {
    at::NoGradGuard no_grad;
    for (models::NamedTensor& parameter : model->parameters()) parameter.tensor.add_(parameter.tensor.grad(), by);
    return loss().item<double>();
  };
  const double up = moved(step), down = moved(-2 * step);
  EXPECT_NEAR((up - down) / (2 * step) / square, 1, 0.05);
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, EveryNetwork,
                         testing::Values("resnet20", "resnet18", "deit-tiny", "pan-x4", "transformer-lm"));

TEST(CifarResNet, StartsFromTheSeed) {
  const auto first = models::cifar_resnet(1).make({}, {.seed = 3}),
             same = models::cifar_resnet(1).make({}, {.seed = 3}),
             other = models::cifar_resnet(1).make({}, {.seed = 4});
  EXPECT_TRUE(at::equal(first->parameters()[0].tensor, same->parameters()[0].tensor));
  EXPECT_FALSE(at::equal(first->parameters()[0].tensor, other->parameters()[0].tensor));
  // N(0, sqrt(2 / (k*k*Cout))) of the stage 3 convolutions: 36,864 samples.
  for (const models::NamedTensor& parameter : first->parameters()) {
    if (parameter.name != "stage3.block1.conv2.weight") continue;
    EXPECT_NEAR(parameter.tensor.std().item<double>(), std::sqrt(2.0 / (9 * 64)), 0.001);
    EXPECT_NEAR(parameter.tensor.mean().item<double>(), 0, 0.002);
  }
}

/// 512 x 512 samples in each matrix: the deviation of a matrix is known to about 0.1 %.
TEST(TransformerLm, StartsWithTheDeviationsOfFairseq) {
  const auto model = entry_named("transformer-lm").make({24, 12}, {.seed = 3});
  const double glorot = std::sqrt(2.0 / (512 + 512));
  const std::map<std::string, double> expected = {{"block1.query.weight", glorot / std::sqrt(2.0)},
                                                  {"block1.key.weight", glorot / std::sqrt(2.0)},
                                                  {"block1.value.weight", glorot / std::sqrt(2.0)},
                                                  {"block1.output.weight", glorot},
                                                  {"block1.fc1.weight", std::sqrt(2.0 / (512 + 2048))}};
  std::size_t found = 0;
  for (const models::NamedTensor& parameter : model->parameters()) {
    const auto deviation = expected.find(parameter.name);
    if (deviation == expected.end()) continue;
    EXPECT_NEAR(parameter.tensor.std().item<double>() / deviation->second, 1, 0.01) << parameter.name;
    ++found;
  }
  EXPECT_EQ(found, expected.size());
}

TEST(TransformerLm, SeesNoLaterTokens) {
  const models::ModelEntry& entry = entry_named("transformer-lm");
  const auto model = entry.make({24, 12}, {});
  at::NoGradGuard no_grad;
  Tensor tokens = at::arange(12, at::kLong).unsqueeze(0);
  const Tensor before = model->forward(tokens, false);
  tokens = tokens.clone();
  tokens[0][8] = 20;
  const Tensor after = model->forward(tokens, false);
  EXPECT_TRUE(at::allclose(before.narrow(1, 0, 8), after.narrow(1, 0, 8), 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose(before.narrow(1, 8, 4), after.narrow(1, 8, 4), 1e-3, 1e-3));
}

}  // namespace
}  // namespace ldpsim
