// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "frontend/models/attention.hpp"
#include "frontend/models/model.hpp"

namespace ldpsim::models {
namespace {

/// The base Transformer language model of fairseq (Ott et al. 2019): six blocks that normalise first, sinusoidal
/// positions, one matrix for words going in and coming out. The linear layers of the blocks are quantised; the words'
/// matrix and the two products of attention stay in float.
class TransformerLm final : public Model {
 public:
  TransformerLm(const Extent& extent, const Build& build) : Model(build) {
    network_.name = "transformer-lm";
    tokens_ = extent.size;
    words_ = add_parameter("words", normal({extent.classes, kWidth}, 1 / std::sqrt(static_cast<double>(kWidth))));
    for (std::int64_t i = 1; i <= kDepth; ++i) blocks_.push_back(add_block(fmt::format("block{}", i)));
    norm_ = add_layer_norm("norm", kWidth, kNormEpsilon);
    add_layer(linear_layer("vocabulary", kWidth, extent.classes, tokens_, /*quantised=*/false));
  }

  at::Tensor forward(const at::Tensor& tokens, bool training) override {
    const double drop = training ? kDropout : 0;
    at::Tensor x = at::embedding(words_, tokens) * std::sqrt(static_cast<double>(kWidth));
    x = dropped(x + positions(tokens.size(1), x.options()), drop);
    for (const Block& block : blocks_) {
      const at::Tensor y = block.norm1(x);
      const at::Tensor seen = attention(run_linear(block.query, y), run_linear(block.key, y),
                                        run_linear(block.value, y), kHeads, /*causal=*/true);
      x = x + dropped(run_linear(block.output, seen), drop);
      x = x + dropped(run_linear(block.fc2, run_linear(block.fc1, block.norm2(x)).relu()), drop);
    }
    return at::linear(norm_(x), words_);
  }

 private:
  static constexpr std::int64_t kWidth = 512, kInner = 2048, kHeads = 8, kDepth = 6;
  static constexpr double kDropout = 0.1, kNormEpsilon = 1e-5;  // the weights of attention are not dropped
  static constexpr double kProjectionGain = 1 / std::numbers::sqrt2;

  struct Block {
    LayerNorm norm1, norm2;
    Weights query, key, value, output, fc1, fc2;
  };

  /// The deviation is that of Glorot and Bengio 2010, times `gain`; the distribution is a normal one.
  Weights add(const std::string& name, std::int64_t in, std::int64_t out, double gain = 1) {
    return add_linear(linear_layer(name, in, out, tokens_), gain * std::sqrt(2.0 / static_cast<double>(in + out)));
  }

  Block add_block(const std::string& name) {
    Block block;
    block.norm1 = add_layer_norm(name + ".norm1", kWidth, kNormEpsilon);
    block.query = add(name + ".query", kWidth, kWidth, kProjectionGain);
    block.key = add(name + ".key", kWidth, kWidth, kProjectionGain);
    block.value = add(name + ".value", kWidth, kWidth, kProjectionGain);
    add_layer(matmul_layer(name + ".scores", kWidth, kHeads * tokens_, tokens_, kHeads));
    add_layer(matmul_layer(name + ".context", kHeads * tokens_, kWidth, tokens_, kHeads));
    block.output = add(name + ".output", kWidth, kWidth);
    block.norm2 = add_layer_norm(name + ".norm2", kWidth, kNormEpsilon);
    block.fc1 = add(name + ".fc1", kWidth, kInner);
    block.fc2 = add(name + ".fc2", kInner, kWidth);
    return block;
  }

  static at::Tensor dropped(const at::Tensor& x, double share) {
    return share == 0 ? x : at::dropout(x, share, /*train=*/true);
  }

  /// Sines in the first half of the channels, cosines in the second, wavelengths from 2 pi to 20,000 pi (Vaswani et al.
  /// 2017, section 3.5). [T, C]
  static at::Tensor positions(std::int64_t tokens, const at::TensorOptions& options) {
    const at::Tensor rates =
        at::exp(at::arange(kWidth / 2, options) * (-std::log(10000.0) / static_cast<double>(kWidth / 2 - 1)));
    const at::Tensor angles = at::arange(tokens, options).unsqueeze(1) * rates;
    return at::cat({angles.sin(), angles.cos()}, 1);
  }

  std::int64_t tokens_ = 0;
  at::Tensor words_;
  std::vector<Block> blocks_;
  LayerNorm norm_;
};

}  // namespace

ModelEntry transformer_lm() {
  ModelEntry entry;
  entry.name = "transformer-lm";
  entry.summary = "base Transformer language model of fairseq (Ott et al. 2019), 36 quantised linear layers";
  entry.task = data::TaskKind::kLanguageModelling;
  entry.dataset = "anarchism";
  entry.published = {267'744, 512};
  Recipe& recipe = entry.recipe;
  recipe.optimiser = OptimiserKind::kAdamW;  // what fairseq calls adam; vectors decay, too
  recipe.second_momentum = 0.98;
  recipe.batch = 128;  // of 512 tokens: 65,536 an update
  recipe.iterations = 50000;
  recipe.rate = 5e-4;
  recipe.weight_decay = 0.01;
  recipe.schedule = RateSchedule::kInverseRoot;
  recipe.warm_up_rate = 1e-7;
  recipe.warm_up_fraction = 0.08;  // 4,000 updates
  recipe.min_bits = 4;
  recipe.counts_float_layers =
      false;  // published ratios are those of the linear layers; the vocabulary costs 7 times as much
  entry.make = [](const Extent& extent, const Build& build) -> std::unique_ptr<Model> {
    return std::make_unique<TransformerLm>(extent, build);
  };
  return entry;
}

}  // namespace ldpsim::models
