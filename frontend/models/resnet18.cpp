// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <fmt/format.h>

#include <cmath>

#include "frontend/models/model.hpp"

namespace ldpsim::models {
namespace {

/// Stem, shortcuts and classifier stay in float, as in CPT (Fu et al. 2021).
class ResNet18 final : public Model {
 public:
  ResNet18(const Extent& extent, const Build& build) : Model(build) {
    network_.name = "resnet18";
    stem_ = add("conv1", 3, 64, extent.size, 7, 2, /*quantised=*/false);
    stem_norm_ = add_batch_norm("bn1", 64);
    std::int64_t size = halved(halved(extent.size)), channels = 64;
    for (int stage = 1; stage <= 4; ++stage) {
      const std::int64_t out = 32 << stage;
      for (int i = 0; i < 2; ++i) {
        const std::int64_t stride = stage > 1 && i == 0 ? 2 : 1;
        blocks_.push_back(add_block(fmt::format("layer{}.{}", stage, i), channels, out, size, stride));
        channels = out;
        if (stride == 2) size = halved(size);
      }
    }
    classifier_ = add_classifier(channels, extent.classes,
                                 uniform({extent.classes, channels}, 1 / std::sqrt(static_cast<double>(channels))));
  }

  at::Tensor forward(const at::Tensor& images, bool training) override {
    const norm::Then relu{true};
    at::Tensor x = stem_norm_(run_conv(stem_, images), training, relu);
    x = at::max_pool2d(x, 3, 2, 1);
    for (const Block& block : blocks_) {
      at::Tensor y = block.norm1(run_conv(block.conv1, x), training, relu);
      y = run_conv(block.conv2, y);
      if (block.has_downsample) x = block.downsample_norm(run_conv(block.downsample, x), training);
      x = block.norm2(y, training, {true, x});
    }
    return run_linear(classifier_, x.mean({2, 3}));
  }

 private:
  struct Block {
    Weights conv1, conv2, downsample;
    BatchNorm norm1, norm2, downsample_norm;
    bool has_downsample = false;
  };

  static std::int64_t halved(std::int64_t size) { return (size + 1) / 2; }

  /// He et al. 2015 over the fan-out, as torchvision starts it.
  Weights add(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t kernel,
              std::int64_t stride, bool quantised = true) {
    return add_conv(conv_layer(name, in, out, size, kernel, stride, quantised),
                    std::sqrt(2.0 / static_cast<double>(kernel * kernel * out)));
  }

  Block add_block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t size, std::int64_t stride) {
    Block block;
    block.conv1 = add(name + ".conv1", in, out, size, 3, stride);
    block.norm1 = add_batch_norm(name + ".bn1", out);
    block.conv2 = add(name + ".conv2", out, out, stride == 2 ? halved(size) : size, 3, 1);
    block.norm2 = add_batch_norm(name + ".bn2", out, /*ends_block=*/true);
    block.has_downsample = in != out || stride != 1;
    if (block.has_downsample) {
      block.downsample = add(name + ".downsample", in, out, size, 1, stride, /*quantised=*/false);
      block.downsample_norm = add_batch_norm(name + ".downsample.bn", out);
    }
    return block;
  }

  Weights stem_;
  BatchNorm stem_norm_;
  std::vector<Block> blocks_;
  Weights classifier_;
};

}  // namespace

ModelEntry resnet18() {
  ModelEntry entry;
  entry.name = "resnet18";
  entry.summary = "ResNet-18 (He et al. 2016, torchvision layout) for 224x224 images, 16 quantised convolutions";
  entry.dataset = "imagenet";
  entry.published = {1000, 224};
  entry.batch_norm = true;
  entry.recipe.schedule = RateSchedule::kSteps;
  entry.recipe.drops = {0.25, 0.5, 0.75};  // every 30 of 120 epochs
  entry.recipe.batch = 256;
  entry.recipe.min_bits = 4;
  entry.recipe.iterations = 120 * 5005;
  entry.make = [](const Extent& extent, const Build& build) -> std::unique_ptr<Model> {
    return std::make_unique<ResNet18>(extent, build);
  };
  return entry;
}

}  // namespace ldpsim::models
