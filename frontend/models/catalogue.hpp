// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "frontend/data/dataset.hpp"
#include "frontend/models/recipe.hpp"

namespace ldpsim::models {

class Model;

/// The sizes that a dataset decides.
struct Extent {
  std::int64_t classes = 10;  ///< of a classifier; words of a language model
  std::int64_t size = 32;     ///< height and width of an image; tokens of a sample
};

/// How a network is made, apart from its task.
struct Build;

/// A network as the command line knows it.
struct ModelEntry {
  std::string name, summary;
  data::TaskKind task = data::TaskKind::kClassification;
  std::string dataset;  ///< the one that a fresh machine has, the default of --dataset
  Extent published;     ///< for which the paper counts multiply-accumulates
  Recipe recipe;
  bool deit_augmentation = false;  ///< of photographs; otherwise that of ResNets
  bool batch_norm = false;         ///< can be built with Range BN instead
  std::function<std::unique_ptr<Model>(const Extent& extent, const Build& build)> make;
};

/// All networks. Adding one: its file and its line in builtin.cpp.
const std::vector<ModelEntry>& builtin_models();

/// ResNet of 6n+2 layers for 32x32 images (He et al. 2016, section 4.2, projection shortcuts).
ModelEntry cifar_resnet(int blocks_per_stage);
ModelEntry resnet18();
ModelEntry deit_tiny();
ModelEntry pan_x4();
ModelEntry transformer_lm();

}  // namespace ldpsim::models
