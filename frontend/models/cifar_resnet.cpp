// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <cmath>

#include "frontend/models/model.hpp"

namespace ldpsim::models {
namespace {

class CifarResNet final : public Model {
 public:
  CifarResNet(int blocks_per_stage, std::int64_t classes, const Build& build) : Model(build) {
    network_.name = fmt::format("resnet{}", 6 * blocks_per_stage + 2);
    stem_ = add_conv("conv1", 3, 16, 32, 3, 1);
    stem_norm_ = add_batch_norm("bn1", 16);
    std::int64_t channels = 16, size = 32;
    for (int stage = 1; stage <= 3; ++stage) {
      const std::int64_t out = 16 << (stage - 1);
      for (int i = 1; i <= blocks_per_stage; ++i) {
        const std::int64_t stride = stage > 1 && i == 1 ? 2 : 1;
        blocks_.push_back(add_block(fmt::format("stage{}.block{}", stage, i), channels, out, size, stride));
        channels = out;
        size /= stride;
      }
    }
    classifier_ = add_classifier(channels, classes,
                                 normal({classes, channels}, std::sqrt(2.0 / static_cast<double>(classes * channels))));
  }

  at::Tensor forward(const at::Tensor& images, bool training) override {
    const norm::Then relu{true};
    at::Tensor x = stem_norm_(run_conv(stem_, images), training, relu);
    for (const Block& block : blocks_) {
      at::Tensor y = block.norm1(run_conv(block.conv1, x), training, relu);
      y = run_conv(block.conv2, y);
      if (block.has_shortcut) x = block.shortcut_norm(run_conv(block.shortcut, x), training);
      x = block.norm2(y, training, {true, x});
    }
    return run_linear(classifier_, at::avg_pool2d(x, 8).flatten(1));
  }

 private:
  struct Block {
    Weights conv1, conv2, shortcut;
    BatchNorm norm1, norm2, shortcut_norm;
    bool has_shortcut = false;
  };

  Weights add_conv(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel,
                   std::int64_t stride) {
    return Model::add_conv(conv_layer(name, in, out, size, kernel, stride),
                           std::sqrt(2.0 / static_cast<double>(kernel * kernel * out)));
  }

  Block add_block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t stride) {
    Block block;
    block.conv1 = add_conv(name + ".conv1", in, out, size, 3, stride);
    block.norm1 = add_batch_norm(name + ".bn1", out);
    block.conv2 = add_conv(name + ".conv2", out, out, size / stride, 3, 1);
    block.norm2 = add_batch_norm(name + ".bn2", out, /*ends_block=*/true);
    block.has_shortcut = in != out || stride != 1;
    if (block.has_shortcut) {
      block.shortcut = add_conv(name + ".shortcut", in, out, size, 1, stride);
      block.shortcut_norm = add_batch_norm(name + ".bn3", out);
    }
    return block;
  }

  Weights stem_;
  BatchNorm stem_norm_;
  std::vector<Block> blocks_;
  Weights classifier_;
};

}  // namespace

ModelEntry cifar_resnet(int blocks_per_stage) {
  const int depth = 6 * blocks_per_stage + 2;
  ModelEntry entry;
  entry.name = fmt::format("resnet{}", depth);
  entry.summary = fmt::format("ResNet-{} for 32x32 images, {} quantised convolutions", depth, depth + 1);
  entry.dataset = "fashion-mnist";
  entry.batch_norm = true;
  entry.recipe.drops = {0.5, 0.75};
  entry.make = [blocks_per_stage](const Extent& extent, const Build& build) -> std::unique_ptr<Model> {
    return std::make_unique<CifarResNet>(blocks_per_stage, extent.classes, build);
  };
  return entry;
}

}  // namespace ldpsim::models
