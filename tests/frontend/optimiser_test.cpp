// SPDX-License-Identifier: Apache-2.0
// Steps of the optimisers against their rules by hand.
#include "frontend/train/optimiser.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "frontend/train/settings.hpp"

namespace ldpsim::train {
namespace {

models::Recipe recipe_of(std::vector<std::string> words) {
  words.insert(words.end(), {"-o", "run.trace", "--data", "folder"});
  return settings_from(cli::Arguments(option_specs(), words)).recipe;
}

/// A matrix and a vector of twos after a step at rate 0.1 along gradients of 0.5.
struct Stepped {
  double matrix = 0, vector = 0;
};
Stepped stepped(const models::Recipe& recipe, std::int64_t iteration = 0) {
  std::vector<models::NamedTensor> parameters = {{"matrix", at::full({2, 2}, 2.0, at::kDouble).requires_grad_()},
                                                 {"vector", at::full({2}, 2.0, at::kDouble).requires_grad_()}};
  for (models::NamedTensor& parameter : parameters)
    parameter.tensor.mutable_grad() = at::full_like(parameter.tensor, 0.5);
  make_optimiser(recipe, parameters)->step(0.1, iteration);
  return {parameters[0].tensor.max().item<double>(), parameters[1].tensor.max().item<double>()};
}

/// The first step of Adam has the size of the rate; the decay shrinks the weight besides.
TEST(AdamW, SparesVectorsOfDeiT) {
  const Stepped after = stepped(recipe_of({"--network", "deit-tiny"}));
  EXPECT_NEAR(after.matrix, 2 * (1 - 0.1 * 0.05) - 0.1, 1e-7);
  EXPECT_NEAR(after.vector, 2 - 0.1, 1e-7);
}

TEST(AdamW, ShrinksAllParametersOfTheTransformer) {
  const Stepped after = stepped(recipe_of({"--network", "transformer-lm"}));
  EXPECT_NEAR(after.matrix, 2 * (1 - 0.1 * 0.01) - 0.1, 1e-7);
  EXPECT_NEAR(after.vector, after.matrix, 1e-12);
}

TEST(AdamW, SparesVectorsWhereItReplacesAnotherOptimiser) {
  const Stepped after = stepped(recipe_of({"--network", "resnet20", "--optimiser", "adamw", "--weight-decay", "0.2"}));
  EXPECT_NEAR(after.matrix, 2 * (1 - 0.1 * 0.2) - 0.1, 1e-7);
  EXPECT_NEAR(after.vector, 2 - 0.1, 1e-7);
}

TEST(AdamW, DecaysUntilTheRecipeSays) {
  models::Recipe recipe = recipe_of({"--network", "resnet20", "--optimiser", "adamw"}), free = recipe;
  recipe.weight_decay = 0.2;
  recipe.iterations = 10;
  recipe.decay_until = 0.5;
  free.weight_decay = 0;
  EXPECT_LT(stepped(recipe, 4).matrix, stepped(free, 4).matrix - 0.01);
  EXPECT_EQ(stepped(recipe, 5).matrix, stepped(free, 5).matrix);
}

/// In Adam the decay is part of the gradient, whose size the first step takes out.
TEST(Adam, ItsFirstStepHasTheSizeOfTheRate) {
  const Stepped after = stepped(recipe_of({"--network", "resnet20", "--optimiser", "adam"}));
  EXPECT_NEAR(after.matrix, 2 - 0.1, 1e-7);
  EXPECT_NEAR(after.vector, 2 - 0.1, 1e-7);
}

}  // namespace
}  // namespace ldpsim::train
