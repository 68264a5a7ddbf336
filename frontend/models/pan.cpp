// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <cmath>

#include "frontend/models/model.hpp"

namespace ldpsim::models {
namespace {

/// PAN x4 (Zhao et al. 2020). Blocks and trunk are quantised; first convolution, up-sampling and last convolution stay
/// in float.
class Pan final : public Model {
 public:
  Pan(const Extent& extent, const Build& build) : Model(build) {
    network_.name = "pan-x4";
    const std::int64_t size = extent.size;
    first_ = add("conv_first", 3, kTrunk, size, 3, kFloat, kBias);
    for (std::int64_t i = 1; i <= kBlocks; ++i) blocks_.push_back(add_block(fmt::format("block{}", i), size));
    trunk_ = add("trunk_conv", kTrunk, kTrunk, size, 3, kQuantised, kBias);
    doublings_[0] = add_doubling("1", kTrunk, 2 * size);
    doublings_[1] = add_doubling("2", kUp, 4 * size);
    last_ = add("conv_last", kUp, 3, 4 * size, 3, kFloat, kBias);
  }

  at::Tensor forward(const at::Tensor& images, bool) override {
    const at::Tensor first = run_conv(first_, images);
    at::Tensor x = first;
    for (const Block& block : blocks_) x = run_block(block, x);
    x = first + run_conv(trunk_, x);
    for (const Doubling& doubling : doublings_) {
      x = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
      x = run_conv(doubling.upconv, x);
      x = at::leaky_relu(x * run_conv(doubling.attention, x).sigmoid(), kSlope);
      x = at::leaky_relu(run_conv(doubling.hrconv, x), kSlope);
    }
    return run_conv(last_, x) +
           at::upsample_bilinear2d(images, {4 * images.size(2), 4 * images.size(3)}, /*align_corners=*/false);
  }

 private:
  static constexpr std::int64_t kTrunk = 40, kHalf = 20, kUp = 24, kBlocks = 16;
  static constexpr double kSlope = 0.2;

  /// Self-calibrated convolution with pixel attention (Zhao et al. 2020, figure 3).
  struct Block {
    Weights conv1_a, conv1_b, k1, k2, k3, k4, conv3;
  };

  /// One doubling of the image's size: convolution, pixel attention, convolution.
  struct Doubling {
    Weights upconv, attention, hrconv;
  };

  static constexpr bool kQuantised = true, kFloat = false, kBias = true, kNoBias = false;

  /// Weights as LibTorch's uniform start, by their deviation.
  Weights add(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel,
              bool quantised, bool bias) {
    return add_conv(conv_layer(name, in, out, size, kernel, 1, quantised),
                    1 / std::sqrt(3.0 * static_cast<double>(in * kernel * kernel)), bias);
  }

  Block add_block(const std::string& name, std::int64_t size) {
    Block block;
    block.conv1_a = add(name + ".conv1_a", kTrunk, kHalf, size, 1, kQuantised, kNoBias);
    block.conv1_b = add(name + ".conv1_b", kTrunk, kHalf, size, 1, kQuantised, kNoBias);
    block.k1 = add(name + ".k1", kHalf, kHalf, size, 3, kQuantised, kNoBias);
    block.k2 = add(name + ".pa.k2", kHalf, kHalf, size, 1, kQuantised, kBias);
    block.k3 = add(name + ".pa.k3", kHalf, kHalf, size, 3, kQuantised, kNoBias);
    block.k4 = add(name + ".pa.k4", kHalf, kHalf, size, 3, kQuantised, kNoBias);
    block.conv3 = add(name + ".conv3", kTrunk, kTrunk, size, 1, kQuantised, kNoBias);
    return block;
  }

  Doubling add_doubling(const std::string& number, std::int64_t in, std::int64_t size) {
    Doubling doubling;
    doubling.upconv = add("upconv" + number, in, kUp, size, 3, kFloat, kBias);
    doubling.attention = add("att" + number, kUp, kUp, size, 1, kFloat, kBias);
    doubling.hrconv = add("hrconv" + number, kUp, kUp, size, 3, kFloat, kBias);
    return doubling;
  }

  at::Tensor run_block(const Block& block, const at::Tensor& x) {
    at::Tensor a = at::leaky_relu(run_conv(block.conv1_a, x), kSlope),
               b = at::leaky_relu(run_conv(block.conv1_b, x), kSlope);
    a = at::leaky_relu(run_conv(block.k1, a), kSlope);
    const at::Tensor attention = run_conv(block.k2, b).sigmoid();
    b = at::leaky_relu(run_conv(block.k4, run_conv(block.k3, b) * attention), kSlope);
    return x + run_conv(block.conv3, at::cat({a, b}, 1));
  }

  Weights first_, trunk_, last_;
  std::vector<Block> blocks_;
  Doubling doublings_[2];
};

}  // namespace

ModelEntry pan_x4() {
  ModelEntry entry;
  entry.name = "pan-x4";
  entry.summary = "PAN for fourfold super-resolution (Zhao et al. 2020), 113 quantised convolutions";
  entry.task = data::TaskKind::kSuperResolution;
  entry.dataset = "photos";
  entry.published = {0, 64};
  Recipe& recipe = entry.recipe;
  recipe.optimiser = OptimiserKind::kAdam;
  recipe.second_momentum = 0.99;
  recipe.batch = 32;
  recipe.iterations = 500'000;
  recipe.rate = 7e-4;
  recipe.weight_decay = 0;
  recipe.schedule = RateSchedule::kRestarts;
  recipe.rate_end = 1e-7;
  recipe.restart_fraction = 0.5;
  recipe.clip_norm = 5;
  recipe.min_bits = 8;
  recipe.budget = 0.85;
  recipe.precision_rate = 20;
  recipe.max_bits = recipe.gradient_bits = 16;
  entry.make = [](const Extent& extent, const Build& build) -> std::unique_ptr<Model> {
    return std::make_unique<Pan>(extent, build);
  };
  return entry;
}

}  // namespace ldpsim::models
