// SPDX-License-Identifier: Apache-2.0
// What SBM does otherwise than CPT: Range BN, ranges from the means of the samples, bifurcated gradients.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <cmath>
#include <numbers>

#include "frontend/models/model.hpp"
#include "frontend/quant/layer.hpp"
#include "frontend/quant/range_norm.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/optimiser.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"
#include "sim/core/random.hpp"

namespace ldpsim {
namespace {

using at::Tensor;
using testing::Each;
using testing::HasSubstr;

quant::Scheme scheme_from(const std::vector<std::string>& words = {}) {
  const methods::MethodSettings settings{.min_bits = 3, .max_bits = 8, .gradient_bits = 8};
  return methods::sbm_original_method().scheme(settings, cli::Arguments(train::option_specs(), words));
}

quant::Site site_of(const quant::Scheme& scheme, int bits, int gradient_bits) {
  quant::Site site;
  site.scheme = scheme;
  site.weight_per_channel = scheme.weight_per_channel;
  site.weight_bits = site.activation_bits = bits;
  site.gradient_bits = gradient_bits;
  site.rounding_key = 77;
  return site;
}

double step_of(double value, double low, double high, int bits) {
  const double top = (1 << bits) - 1, scale = std::max((high - low) / top, 1e-8);
  return std::nearbyint(std::clamp((value - low) / scale, 0.0, top)) * scale + low;
}

/// Range BN in loops over doubles; `bits` 0: nothing is quantised.
struct Restated {
  std::int64_t samples, channels, pixels;
  std::vector<double> x, weight, bias;  ///< x in the order N, C, pixels
  std::vector<double> mean, inverse;    ///< results

  double at(std::int64_t c, std::int64_t i) const {
    return x[static_cast<std::size_t>((i / pixels * channels + c) * pixels + i % pixels)];
  }

  void quantise_all(std::vector<double>& values, int bits) const {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double from = *low, to = *high;
    for (double& value : values) value = step_of(value, from, to, bits);
  }

  std::vector<double> outputs(int bits) {
    if (bits > 0) {
      double low = 0, high = 0;
      const auto size = static_cast<std::ptrdiff_t>(channels * pixels);
      for (std::int64_t n = 0; n < samples; ++n) {
        const auto [least, most] = std::minmax_element(x.begin() + n * size, x.begin() + (n + 1) * size);
        low += *least / static_cast<double>(samples);
        high += *most / static_cast<double>(samples);
      }
      for (double& value : x) value = step_of(value, low, high, bits);
    }
    const std::int64_t count = samples * pixels;
    const double factor = 0.5 * 0.35 * (1 + std::sqrt(std::numbers::pi * std::log(4.0))) /
                          std::sqrt(2 * std::log(static_cast<double>(count) / 16));
    mean.assign(static_cast<std::size_t>(channels), 0);
    inverse = mean;
    for (std::int64_t c = 0; c < channels; ++c) {
      double ranges = 0;
      for (std::int64_t k = 0; k < 16; ++k) {
        double least = INFINITY, most = -INFINITY;
        for (std::int64_t i = k * count / 16; i < (k + 1) * count / 16; ++i) {
          least = std::min(least, at(c, i));
          most = std::max(most, at(c, i));
          mean[static_cast<std::size_t>(c)] += at(c, i) / static_cast<double>(count);
        }
        ranges += (most - least) / 16;
      }
      inverse[static_cast<std::size_t>(c)] = 1 / (ranges * factor + 1e-5);
    }
    std::vector<double> used = inverse, gamma = weight, beta = bias, y(x.size());
    if (bits > 0) {
      for (auto* values : {&used, &gamma, &beta}) quantise_all(*values, bits);
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      const std::size_t c = i / static_cast<std::size_t>(pixels) % static_cast<std::size_t>(channels);
      y[i] = (x[i] - mean[c]) * used[c] * gamma[c] + beta[c];
    }
    return y;
  }
};

std::vector<double> numbers_of(const Tensor& tensor) {
  const Tensor flat = tensor.detach().to(at::kDouble).contiguous().flatten();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

/// Random tensors of a normalisation of [samples, channels, height, width].
struct NormCase {
  Tensor x, weight, bias, mean, inverse;
  quant::Site site = site_of(scheme_from({"--activation-rounding", "nearest"}), 8, 0);

  NormCase(std::int64_t samples, std::int64_t channels, std::int64_t height, std::int64_t width) {
    at::manual_seed(11);
    x = (at::randn({samples, channels, height, width}) * 2 + 0.5).requires_grad_();
    weight = (at::rand({channels}) + 0.5).requires_grad_();
    bias = at::randn({channels}).requires_grad_();
    mean = at::zeros({channels});
    inverse = at::zeros({channels});
  }
  Restated restated() const {
    return {x.size(0), x.size(1), x.size(2) * x.size(3), numbers_of(x), numbers_of(weight), numbers_of(bias), {}, {}};
  }
  Tensor run() { return quant::range_norm(x, weight, bias, mean, inverse, site); }
};

void expect_near(const Tensor& found, const std::vector<double>& expected, double tolerance) {
  const std::vector<double> values = numbers_of(found);
  ASSERT_EQ(values.size(), expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_NEAR(values[i], expected[i], tolerance) << i;
}

TEST(RangeNorm, EqualsLoopsOverDoubles) {
  for (const auto& [height, width] : {std::pair{8, 4}, std::pair{7, 3}}) {  // chunks of 12, and of 7 or 8 values
    NormCase norm(6, 5, height, width);
    Restated restated = norm.restated();
    const std::vector<double> expected = restated.outputs(8);
    expect_near(norm.run(), expected, 1e-4);
    for (std::size_t c = 0; c < 5; ++c) {
      EXPECT_NEAR(norm.mean[static_cast<std::int64_t>(c)].item<double>(), 0.9 * restated.mean[c], 1e-6);
      EXPECT_NEAR(norm.inverse[static_cast<std::int64_t>(c)].item<double>(), 0.9 * restated.inverse[c], 1e-6);
    }
  }
}

TEST(RangeNorm, GivesNearlyUnitDeviationToNormalValues) {
  NormCase norm(64, 4, 16, 16);
  at::NoGradGuard no_grad;
  norm.weight.fill_(1);
  norm.bias.zero_();
  const Tensor y = norm.run();
  for (int c = 0; c < 4; ++c) EXPECT_NEAR(y.select(1, c).std().item<double>(), 1, 0.15);
}

TEST(RangeNorm, UsesRunningValuesInEvaluation) {
  NormCase norm(6, 5, 8, 4);
  norm.run();
  const Tensor mean = norm.mean.clone(), inverse = norm.inverse.clone();
  norm.site.training = false;
  at::NoGradGuard no_grad;
  const Tensor y = norm.run();
  EXPECT_TRUE(at::equal(norm.mean, mean));
  EXPECT_TRUE(at::equal(norm.inverse, inverse));
  // To half a step of each quantised factor.
  const Tensor clipped = norm.x.clamp(norm.site.running_low, norm.site.running_low + norm.site.running_span);
  const auto by_channel = [](const Tensor& t) { return t.reshape({1, -1, 1, 1}); };
  const Tensor expected = (clipped - by_channel(mean)) * by_channel(inverse * norm.weight) + by_channel(norm.bias);
  EXPECT_LT((y - expected).abs().max().item<double>(), 0.05);
}

/// Against central differences of the double restatement; 16 bits are fine enough not to matter.
TEST(RangeNorm, ItsGradientsAreTheDerivatives) {
  NormCase norm(4, 3, 4, 4);
  norm.site.activation_bits = 16;
  {
    at::NoGradGuard no_grad;  // all samples have the same extremes, so that none is clipped
    norm.x.clamp_(-5.9, 5.9).flatten(1).select(1, 0).fill_(-6);
    norm.x.flatten(1).select(1, 47).fill_(6);
  }
  const Tensor reduce = at::randn(norm.x.sizes());
  (norm.run() * reduce).sum().backward();
  const std::vector<double> weights = numbers_of(reduce);
  const auto loss = [&](Restated point) {
    const std::vector<double> y = point.outputs(0);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * weights[i];
    return sum;
  };
  const auto check = [&](std::vector<double> Restated::*of, const Tensor& gradient) {
    const std::vector<double> found = numbers_of(gradient);
    for (std::size_t i = 0; i < found.size(); ++i) {
      Restated up = norm.restated(), down = up;
      (up.*of)[i] += 1e-5;
      (down.*of)[i] -= 1e-5;
      ASSERT_NEAR(found[i], (loss(up) - loss(down)) / 2e-5, 2e-3) << i;
    }
  };
  check(&Restated::x, norm.x.grad());
  check(&Restated::weight, norm.weight.grad());
  check(&Restated::bias, norm.bias.grad());
}

TEST(RangeNorm, QuantisesItsGradient) {
  NormCase norm(4, 3, 4, 4);
  norm.site.gradient_bits = 2;
  const Tensor y = norm.run();
  y.backward(at::rand(y.sizes()));
  // Four levels between the extremes 0 and 1: a sum of 64 of them.
  const std::vector<double> sums = numbers_of(norm.bias.grad());
  for (const double sum : sums) EXPECT_NEAR(sum, 32, 6);
  NormCase again(4, 3, 4, 4);
  again.site.gradient_bits = 2;
  again.site.rounding_key = 78;
  again.run().backward(at::rand(y.sizes()));
  EXPECT_FALSE(at::equal(norm.bias.grad(), again.bias.grad()));
}

TEST(RangeNorm, NeedsTwoValuesInAChunk) {
  NormCase enough(2, 3, 4, 4), less(1, 3, 5, 6);
  EXPECT_NO_THROW(enough.run());
  less.site.where = "iteration 3, normalisation 'bn1'";
  try {
    less.run();
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "iteration 3, normalisation 'bn1': error: Range BN has 30 values a channel; it needs 32; use a larger "
                 "--batch or --image-size");
  }
}

TEST(MeanRange, IsThatOfTheSamplesMeansAndClips) {
  quant::Site site = site_of(scheme_from({"--activation-rounding", "nearest"}), 8, 0);
  const Tensor x = torch::tensor({-1.0f, 1.0f, -3.0f, 5.0f}).reshape({2, 1, 1, 2}),
               w = at::ones({1, 1, 1, 1}).requires_grad_();
  const Tensor y = quant::quantised_conv(x, w, site).detach();
  EXPECT_FLOAT_EQ(site.running_low, -2 * 0.9f);
  EXPECT_FLOAT_EQ(site.running_span, 5 * 0.9f);
  EXPECT_FLOAT_EQ(y.min().item<float>(), -2);
  EXPECT_FLOAT_EQ(y.max().item<float>(), 3);
}

/// A convolution and what its backward pass must be made of.
struct Bifurcation {
  Tensor x, w, b, y, incoming;
  quant::Site site;

  explicit Bifurcation(const quant::Scheme& scheme) : site(site_of(scheme, 8, 4)) {
    at::manual_seed(5);
    const auto last = at::MemoryFormat::ChannelsLast;
    x = at::randn({4, 6, 8, 8}).contiguous(last).requires_grad_();
    w = at::randn({7, 6, 3, 3}).contiguous(last).requires_grad_();
    b = at::randn({7}).requires_grad_();
    site.padding = 1;
    y = quant::quantised_conv(x, w, site, b);
    incoming = at::randn(y.sizes()).contiguous(last);
    y.backward(incoming);
  }
  Tensor quantised_gradient() const {
    const quant::Range range = quant::find_range(incoming.data_ptr<float>(), incoming.numel());
    Tensor quantised = at::empty_like(incoming);
    quant::quantise_stochastic(incoming.data_ptr<float>(), incoming.numel(),
                               quant::make_grid(range.low, range.high - range.low, 4), site.rounding_key,
                               quantised.data_ptr<float>());
    return quantised;
  }
  Tensor quantised_activation() const {
    Tensor quantised = at::empty_like(x);
    if (site.scheme.stochastic_activations) {
      quant::quantise_stochastic(x.data_ptr<float>(), x.numel(), site.activation_grid, Random(site.rounding_key).next(),
                                 quantised.data_ptr<float>());
    } else {
      quant::quantise_nearest(x.data_ptr<float>(), x.numel(), site.activation_grid, quantised.data_ptr<float>());
    }
    return quantised;
  }
  std::array<Tensor, 3> backward_of(const Tensor& gradient) const {
    const auto [dx, dw, db] =
        at::convolution_backward(gradient, quantised_activation(), site.quantised_weight, at::IntArrayRef{7}, {1, 1},
                                 {1, 1}, {1, 1}, false, {0, 0}, 1, {true, true, true});
    return {dx, dw, db};
  }
};

TEST(BifurcatedGradient, OfWeightsIsFloatAndOfActivationsQuantised) {
  const Bifurcation conv(scheme_from());
  const auto quantised = conv.backward_of(conv.quantised_gradient()), plain = conv.backward_of(conv.incoming);
  EXPECT_TRUE(at::allclose(conv.x.grad(), quantised[0], 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(conv.w.grad(), plain[1], 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(conv.b.grad(), plain[2], 1e-5, 1e-5));
  EXPECT_FALSE(at::allclose(plain[0], quantised[0], 1e-2, 1e-2)) << "4 bits must show";
  EXPECT_FALSE(at::allclose(plain[1], quantised[1], 1e-2, 1e-2));
}

TEST(BifurcatedGradient, IsOneWithoutTheScheme) {
  quant::Scheme scheme = scheme_from();
  scheme.bifurcated = false;
  const Bifurcation conv(scheme);
  const auto quantised = conv.backward_of(conv.quantised_gradient());
  EXPECT_TRUE(at::allclose(conv.w.grad(), quantised[1], 1e-5, 1e-5));
}

TEST(ActivationRounding, IsStochasticUnlessAskedOtherwise) {
  const Bifurcation stochastic(scheme_from()), nearest(scheme_from({"--activation-rounding", "nearest"}));
  for (const Bifurcation* conv : {&stochastic, &nearest}) {
    EXPECT_TRUE(at::allclose(
        conv->y.detach(),
        at::conv2d(conv->quantised_activation(), conv->site.quantised_weight, conv->site.quantised_bias, 1, 1), 1e-5,
        1e-5));
  }
  EXPECT_FALSE(at::equal(stochastic.quantised_activation(), nearest.quantised_activation()));
}

TEST(SbmOriginal, HasTheSchemeOfItsCode) {
  const quant::Scheme scheme = scheme_from();
  EXPECT_TRUE(scheme.mean_range && scheme.stochastic_activations && scheme.bifurcated && scheme.everything &&
              scheme.closed_blocks);
  EXPECT_FALSE(scheme.weight_per_channel);
  EXPECT_EQ(scheme.norm_bits, 8);
  EXPECT_EQ(scheme.norm_gradient_bits, 8);
}

class SbmNetwork : public testing::TestWithParam<const char*> {};

TEST_P(SbmNetwork, IsQuantisedThroughoutAndTrains) {
  const models::ModelEntry& entry = train::model_entry(GetParam());
  const models::Extent extent{10, entry.published.size == 224 ? 64 : 32};
  const auto model = entry.make(extent, {.scheme = scheme_from()});
  for (std::size_t i = 0; i < model->sites().size(); ++i) {
    EXPECT_TRUE(model->network().layers[i].quantised) << model->network().layers[i].name;
    quant::Site& site = model->sites()[i];
    site.weight_bits = site.activation_bits = site.gradient_bits = 8;
    site.weight_per_channel = false;
  }
  std::size_t convolutions = 0, closed = 0;
  for (const Layer& layer : model->network().layers) convolutions += layer.kind == LayerKind::kConv ? 1 : 0;
  EXPECT_EQ(model->range_norms().size(), convolutions);
  for (const models::NamedTensor& parameter : model->parameters()) {
    if (!parameter.name.ends_with(".bn2.weight")) continue;
    ++closed;
    EXPECT_EQ(parameter.tensor.abs().max().item<double>(), 0) << parameter.name;
  }
  EXPECT_EQ(closed, entry.name == "resnet18" ? 8u : 9u);
  const tasks::Batch batch = tasks::random_batch(entry.task, extent, 8);
  std::vector<double> losses;
  models::Recipe recipe = entry.recipe;
  const auto optimiser = train::make_optimiser(recipe, model->parameters());
  for (int i = 0; i < 12; ++i) {
    const Tensor loss = tasks::loss_of(entry.task, model->forward(batch.input, true), batch.target, 0);
    losses.push_back(loss.item<double>());
    loss.backward();
    optimiser->step(0.05, i);
  }
  EXPECT_LT(losses.back(), 0.7 * losses.front());
}

INSTANTIATE_TEST_SUITE_P(OfEachKind, SbmNetwork, testing::Values("resnet20", "resnet18"));

/// The largest gradient of any kernel within a block after the first step of a network, its shortcuts' apart.
double first_gradient_within_blocks(const char* network, const std::vector<std::string>& words) {
  const models::ModelEntry& entry = train::model_entry(network);
  const models::Extent extent{10, entry.published.size == 224 ? 64 : 32};
  const auto model = entry.make(extent, {.scheme = scheme_from(words)});
  const tasks::Batch batch = tasks::random_batch(entry.task, extent, 8);
  tasks::loss_of(entry.task, model->forward(batch.input, true), batch.target, 0).backward();
  double largest = 0;
  for (const models::NamedTensor& parameter : model->parameters()) {
    if (!parameter.name.ends_with(".conv1.weight") && !parameter.name.ends_with(".conv2.weight")) continue;
    largest = std::max(largest, parameter.tensor.grad().abs().max().item<double>());
  }
  return largest;
}

TEST_P(SbmNetwork, LearnsWithinItsBlocksFromTheFirstStepIfTheyAreOpen) {
  EXPECT_EQ(first_gradient_within_blocks(GetParam(), {}), 0);
  EXPECT_GT(first_gradient_within_blocks(GetParam(), {"--blocks", "open"}), 1e-6);
}

/// A matrix and a vector of ones without gradients: what is left of them shows the decay.
std::vector<double> decayed(const models::Recipe& recipe) {
  std::vector<models::NamedTensor> parameters;
  for (const auto& shape : {std::vector<std::int64_t>{2, 2}, std::vector<std::int64_t>{2}})
    parameters.push_back({"", at::ones(shape).requires_grad_()});
  const auto optimiser = train::make_optimiser(recipe, parameters);
  for (int i = 0; i < 10; ++i) {
    for (models::NamedTensor& parameter : parameters)
      parameter.tensor.mutable_grad() = at::zeros_like(parameter.tensor);
    optimiser->step(1, i);
  }
  return {parameters[0].tensor.max().item<double>(), parameters[1].tensor.max().item<double>()};
}

TEST(Regime, SparesVectorsAndEndsWithTheSecondDrop) {
  models::Recipe recipe = train::model_entry("resnet20").recipe;
  recipe.momentum = 0;
  recipe.weight_decay = 0.1;
  recipe.iterations = 10;
  EXPECT_NEAR(decayed(recipe)[0], std::pow(0.9, 10), 1e-6);
  EXPECT_NEAR(decayed(recipe)[1], std::pow(0.9, 10), 1e-6);
  const auto arguments = [](const std::vector<std::string>& words) {
    return cli::Arguments(train::option_specs(), words);
  };
  methods::sbm_original_method().regime(recipe, arguments({"--regime", "network"}));
  EXPECT_EQ(recipe.decay_until, 1);
  methods::sbm_original_method().regime(recipe, arguments({}));
  EXPECT_EQ(recipe.decay_until, 0.75);
  EXPECT_NEAR(decayed(recipe)[0], std::pow(0.9, 8), 1e-6);
  EXPECT_EQ(decayed(recipe)[1], 1);
}

}  // namespace
}  // namespace ldpsim
