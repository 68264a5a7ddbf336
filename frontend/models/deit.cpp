// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <fmt/format.h>

#include "frontend/models/attention.hpp"
#include "frontend/models/model.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::models {
namespace {

/// DeiT-Tiny (Touvron et al. 2021). The linear layers of the blocks are quantised; patch embedding, head and the two
/// products of attention stay in float.
class DeitTiny final : public Model {
 public:
  DeitTiny(const Extent& extent, const Build& build) : Model(build) {
    if (extent.size % kPatch != 0) {
      throw UserError("--image-size", fmt::format("deit-tiny cuts images into patches of {0}x{0}; {1} is no multiple",
                                                  kPatch, extent.size));
    }
    network_.name = "deit-tiny";
    const std::int64_t patches = extent.size / kPatch * (extent.size / kPatch);
    tokens_ = patches + 1;
    Layer embed = conv_layer("patch_embed", 3, kWidth, extent.size, kPatch, kPatch, /*quantised=*/false);
    embed.padding = 0;
    embed_ = add_conv(embed, kDeviation, /*bias=*/true);
    class_token_ = add_parameter("class_token", normal({1, 1, kWidth}, kDeviation));
    positions_ = add_parameter("positions", normal({1, tokens_, kWidth}, kDeviation));
    for (std::int64_t i = 1; i <= kDepth; ++i) blocks_.push_back(add_block(fmt::format("block{}", i)));
    norm_ = add_layer_norm("norm", kWidth, kNormEpsilon);
    head_ = add_linear(linear_layer("head", kWidth, extent.classes, 1, /*quantised=*/false), kDeviation);
  }

  at::Tensor forward(const at::Tensor& images, bool training) override {
    const std::int64_t samples = images.size(0);
    at::Tensor x = run_conv(embed_, images).flatten(2).transpose(1, 2);
    x = at::cat({class_token_.expand({samples, -1, -1}), x}, 1) + positions_;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      const Block& block = blocks_[i];
      const double drop = training ? kDropPath * static_cast<double>(i) / (kDepth - 1) : 0;
      const auto qkv = run_linear(block.qkv, block.norm1(x)).chunk(3, 2);
      const at::Tensor seen = attention(qkv[0], qkv[1], qkv[2], kHeads, /*causal=*/false);
      x = x + kept(run_linear(block.projection, seen), drop);
      x = x + kept(run_linear(block.fc2, at::gelu(run_linear(block.fc1, block.norm2(x)))), drop);
    }
    return run_linear(head_, norm_(x).select(1, 0));
  }

 private:
  static constexpr std::int64_t kPatch = 16, kWidth = 192, kHeads = 3, kDepth = 12;
  static constexpr double kDeviation = 0.02, kNormEpsilon = 1e-6, kDropPath = 0.1;

  struct Block {
    LayerNorm norm1, norm2;
    Weights qkv, projection, fc1, fc2;
  };

  Block add_block(const std::string& name) {
    Block block;
    block.norm1 = add_layer_norm(name + ".norm1", kWidth, kNormEpsilon);
    block.qkv = add_linear(linear_layer(name + ".qkv", kWidth, 3 * kWidth, tokens_), kDeviation);
    add_layer(matmul_layer(name + ".scores", kWidth, kHeads * tokens_, tokens_, kHeads));
    add_layer(matmul_layer(name + ".context", kHeads * tokens_, kWidth, tokens_, kHeads));
    block.projection = add_linear(linear_layer(name + ".projection", kWidth, kWidth, tokens_), kDeviation);
    block.norm2 = add_layer_norm(name + ".norm2", kWidth, kNormEpsilon);
    block.fc1 = add_linear(linear_layer(name + ".fc1", kWidth, 4 * kWidth, tokens_), kDeviation);
    block.fc2 = add_linear(linear_layer(name + ".fc2", 4 * kWidth, kWidth, tokens_), kDeviation);
    return block;
  }

  /// Stochastic depth (Huang et al. 2016): drops the branch of a whole sample with probability `drop`.
  static at::Tensor kept(const at::Tensor& branch, double drop) {
    if (drop == 0) return branch;
    return branch * at::empty({branch.size(0), 1, 1}, branch.options()).bernoulli_(1 - drop).div_(1 - drop);
  }

  std::int64_t tokens_ = 0;
  Weights embed_, head_;
  at::Tensor class_token_, positions_;
  std::vector<Block> blocks_;
  LayerNorm norm_;
};

}  // namespace

ModelEntry deit_tiny() {
  ModelEntry entry;
  entry.name = "deit-tiny";
  entry.summary = "DeiT-Tiny (Touvron et al. 2021) for 224x224 images, 48 quantised linear layers";
  entry.dataset = "imagenet";
  entry.published = {1000, 224};
  entry.deit_augmentation = true;
  Recipe& recipe = entry.recipe;
  recipe.optimiser = OptimiserKind::kAdamW;
  recipe.batch = 1024;
  recipe.iterations = 300 * 1251;
  recipe.rate = 1e-3;  // 5e-4 for each 512 samples of the batch
  recipe.weight_decay = 0.05;
  recipe.decay_vectors = false;
  recipe.schedule = RateSchedule::kCosine;
  recipe.rate_end = 1e-5;
  recipe.warm_up_rate = 1e-6;
  recipe.warm_up_fraction = 5.0 / 300;
  recipe.label_smoothing = 0.1;
  recipe.average = 0.99996;
  recipe.min_bits = 4;
  entry.make = [](const Extent& extent, const Build& build) -> std::unique_ptr<Model> {
    return std::make_unique<DeitTiny>(extent, build);
  };
  return entry;
}

}  // namespace ldpsim::models
