// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/problem.hpp"

#include <gmock/gmock.h>

#include <numeric>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/random.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using Tensor = std::vector<std::int64_t>;

/// The three passes written down from their definition, on dense index arithmetic that shares nothing with lower().
struct Direct {
  Layer layer;
  std::int64_t batch;
  Tensor x, w, dy;

  std::int64_t P() const { return layer.out_height(); }
  std::int64_t Q() const { return layer.out_width(); }
  /// First filter of a sample: a matmul layer has a second operand for each.
  std::int64_t weight_of(std::int64_t n) const { return layer.kind == LayerKind::kMatmul ? n * layer.out_channels : 0; }
  template <class F>
  void each(F f) const {
    const std::int64_t cg = layer.in_channels / layer.groups, kg = layer.out_channels / layer.groups;
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t k = 0; k < layer.out_channels; ++k)
        for (std::int64_t c = 0; c < cg; ++c)
          for (std::int64_t p = 0; p < P(); ++p)
            for (std::int64_t q = 0; q < Q(); ++q)
              for (std::int64_t r = 0; r < layer.kernel_height; ++r)
                for (std::int64_t s = 0; s < layer.kernel_width; ++s) {
                  const std::int64_t y = p * layer.stride + r * layer.dilation - layer.padding;
                  const std::int64_t z = q * layer.stride + s * layer.dilation - layer.padding;
                  if (y < 0 || z < 0 || y >= layer.in_height || z >= layer.in_width) continue;
                  const std::int64_t channel = k / kg * cg + c;
                  f(((n * layer.in_channels + channel) * layer.in_height + y) * layer.in_width + z,
                    (((weight_of(n) + k) * cg + c) * layer.kernel_height + r) * layer.kernel_width + s,
                    ((n * layer.out_channels + k) * P() + p) * Q() + q);
                }
  }
  Tensor run(Pass pass) const {
    Tensor out(pass == Pass::kForward ? dy.size() : pass == Pass::kBackwardData ? x.size() : w.size());
    each([&](std::int64_t ix, std::int64_t iw, std::int64_t iy) {
      const auto at = [](const Tensor& t, std::int64_t i) { return t[static_cast<std::size_t>(i)]; };
      if (pass == Pass::kForward) out[static_cast<std::size_t>(iy)] += at(x, ix) * at(w, iw);
      if (pass == Pass::kBackwardData) out[static_cast<std::size_t>(ix)] += at(dy, iy) * at(w, iw);
      if (pass == Pass::kBackwardWeight) out[static_cast<std::size_t>(iw)] += at(x, ix) * at(dy, iy);
    });
    return out;
  }
};

Tensor run(const Problem& p, const Tensor& moving, const Tensor& stationary, Tensor out) {
  for (std::int64_t b = 0; b < p.batch; ++b)
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (std::int64_t f = 0; f < p.filters; ++f)
        for (std::int64_t oy = 0; oy < p.out_height; ++oy)
          for (std::int64_t ox = 0; ox < p.out_width; ++ox) {
            std::int64_t sum = 0;
            for (std::int64_t c = 0; c < p.channels; ++c)
              for (std::int64_t ky = 0; ky < p.kernel_height; ++ky)
                for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
                  const std::int64_t iy = p.input_y(oy, ky), ix = p.input_x(ox, kx);
                  if (iy < 0 || ix < 0) continue;
                  sum += moving.at(static_cast<std::size_t>(p.moving.at(b, g, 0, c, iy, ix))) *
                         stationary.at(static_cast<std::size_t>(p.stationary.at(0, g, f, c, ky, kx)));
                }
            out.at(static_cast<std::size_t>(p.output.at(b, g, f, 0, oy, ox))) += sum;
          }
  return out;
}

TEST(Lower, EveryPassEqualsItsDefinition) {
  Random random(20);
  for (int trial = 0; trial < 300; ++trial) {
    Layer layer;
    layer.name = "random";
    layer.groups = random.between(1, 3);
    layer.in_channels = layer.groups * random.between(1, 3);
    layer.out_channels = layer.groups * random.between(1, 3);
    layer.kernel_height = random.between(1, 4);
    layer.kernel_width = random.between(1, 4);
    layer.stride = random.between(1, 3);
    layer.dilation = random.between(1, 2);
    layer.padding = random.between(0, 3);
    layer.in_height = random.between(1, 9);
    layer.in_width = random.between(1, 9);
    try {
      layer.check("random");
    } catch (const UserError&) {
      continue;
    }
    Direct direct{layer, random.between(1, 3), {}, {}, {}};
    const auto fill = [&](std::int64_t size) {
      Tensor t(static_cast<std::size_t>(size));
      for (auto& v : t) v = random.between(-9, 9);
      return t;
    };
    direct.x = fill(direct.batch * layer.input_elements());
    direct.w = fill(layer.weight_elements());
    direct.dy = fill(direct.batch * layer.output_elements());
    for (const Pass pass : kAllPasses) {
      const Tensor expected = direct.run(pass);
      const Tensor& moving = pass == Pass::kBackwardData ? direct.dy : direct.x;
      const Tensor& stationary = pass == Pass::kBackwardWeight ? direct.dy : direct.w;
      for (const InsertedZeros zeros : {InsertedZeros::kCompute, InsertedZeros::kSkip}) {
        Tensor out(expected.size());
        for (const Problem& p : lower(layer, pass, direct.batch, zeros))
          out = run(p, moving, stationary, std::move(out));
        ASSERT_EQ(out, expected) << name_of(pass) << " trial " << trial << " skip " << (zeros == InsertedZeros::kSkip);
      }
    }
  }
}

/// Products of two activations, with and without heads: each sample has operands of its own, and both have gradients.
TEST(Lower, MatmulsOfTwoActivationsEqualTheirDefinition) {
  Random random(21);
  for (int trial = 0; trial < 60; ++trial) {
    Layer layer{.name = "scores", .kind = LayerKind::kMatmul};
    layer.groups = random.between(1, 3);
    layer.in_channels = layer.groups * random.between(1, 5);
    layer.out_channels = layer.groups * random.between(1, 5);
    layer.in_height = random.between(1, 6);
    layer.in_width = random.between(1, 2);
    Direct direct{layer, random.between(1, 4), {}, {}, {}};
    const auto fill = [&](std::int64_t size) {
      Tensor t(static_cast<std::size_t>(size));
      for (auto& v : t) v = random.between(-9, 9);
      return t;
    };
    direct.x = fill(direct.batch * layer.input_elements());
    direct.w = fill(direct.batch * layer.weight_elements());
    direct.dy = fill(direct.batch * layer.output_elements());
    for (const Pass pass : kAllPasses) {
      const std::vector<Problem> problems = lower(layer, pass, direct.batch, InsertedZeros::kSkip, true);
      ASSERT_EQ(problems.size(), 1u);
      const Tensor expected = direct.run(pass);
      ASSERT_EQ(run(problems[0], pass == Pass::kBackwardData ? direct.dy : direct.x,
                    pass == Pass::kBackwardWeight ? direct.dy : direct.w, Tensor(expected.size())),
                expected)
          << name_of(pass) << " trial " << trial;
      EXPECT_EQ(problems[0].macs(), direct.batch * layer.macs());
      EXPECT_FALSE(problems[0].scale_per_channel) << "an activation has one scale";
    }
  }
}

TEST(Lower, BackwardPassesOfADenseLayerHaveTheForwardMacs) {
  Layer layer{.name = "conv",
              .in_channels = 16,
              .out_channels = 16,
              .in_height = 32,
              .in_width = 32,
              .kernel_height = 3,
              .kernel_width = 3,
              .padding = 1};
  for (const Pass pass : kAllPasses) EXPECT_EQ(lower(layer, pass, 4).front().macs(), 4 * layer.macs()) << name_of(pass);
}

TEST(Lower, OnlyBackwardDataBreaksScaleGroups) {
  Layer layer{.name = "conv",
              .in_channels = 4,
              .out_channels = 4,
              .in_height = 8,
              .in_width = 8,
              .kernel_height = 3,
              .kernel_width = 3};
  for (const Pass pass : kAllPasses) {
    EXPECT_EQ(lower(layer, pass, 1, InsertedZeros::kCompute, true).front().scale_per_channel,
              pass == Pass::kBackwardData);
  }
}

TEST(PassExists, ReadersOfThePictureHaveNoBackwardData) {
  const Layer conv{.name = "a", .in_channels = 3, .out_channels = 3, .in_height = 8, .in_width = 8};
  Layer wide = conv, small = conv, linear = conv;
  wide.in_channels = 5;
  small.in_height = 4;
  linear.kind = LayerKind::kLinear;
  const Network network{"branches", {conv, conv, wide, small, linear}};
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    EXPECT_EQ(pass_exists(network, i, Pass::kBackwardData), i > 1) << i;
    EXPECT_TRUE(pass_exists(network, i, Pass::kBackwardWeight)) << i;
  }
}

TEST(Layer, AMatmulHasNoKernel) {
  Layer layer{.name = "m", .kind = LayerKind::kMatmul, .in_height = 4, .in_width = 4, .kernel_width = 3};
  try {
    layer.check("net.csv:2");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "net.csv:2: error: layer 'm': a matmul layer has a 1x1 kernel, stride 1 and no padding");
  }
}

TEST(Layer, ImpossibleShapesNameThePlaceAndTheValue) {
  Layer layer{.name = "c",
              .in_channels = 3,
              .out_channels = 8,
              .in_height = 2,
              .in_width = 2,
              .kernel_height = 5,
              .kernel_width = 5};
  try {
    layer.check("net.csv:2");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "net.csv:2: error: layer 'c': the kernel 5x5 does not fit into the padded input of 2x2");
  }
}

TEST(Layer, SizesWhoseProductsAreBeyond64BitsAreRefused) {
  const auto message = [](const Layer& layer) {
    return testing_support::message_of([&] { layer.check("net.csv:2"); });
  };
  const std::int64_t most = 1 << 24;
  EXPECT_EQ(message({.name = "fc", .kind = LayerKind::kLinear, .in_channels = most, .out_channels = most}),
            "net.csv:2: error: layer 'fc': its sizes make 2.8e+14 weights; allowed: up to 70368744177664 a sample");
  EXPECT_THAT(message({.name = "c", .in_channels = most, .in_height = most, .in_width = 9, .stride = most}),
              testing::HasSubstr("make 2.5e+15 input elements"));
  EXPECT_THAT(message({.name = "c", .in_channels = 1 << 20, .out_channels = 1 << 20, .in_height = 1 << 10}),
              testing::HasSubstr("make 1.1e+15 multiply-accumulates"));
}

}  // namespace
}  // namespace ldpsim
