// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "frontend/data/picture.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::data {

/// The fifteen operations of RandAugment (Cubuk et al. 2019) in the increasing variant, where a larger level is always
/// a stronger change.
enum class Operation {
  kAutoContrast,
  kEqualize,
  kInvert,
  kRotate,
  kPosterize,
  kSolarize,
  kSolarizeAdd,
  kSaturation,
  kContrast,
  kBrightness,
  kSharpness,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
};
inline constexpr int kOperations = 15;

/// `level` 0..10 is how strong: rotation by up to 30 degrees, shear by up to 0.3, translation by up to 45 % of the
/// side, colours by a factor of up to 1 +- 0.9, posterize down from 4 bits to none, solarize above 256 down to 0,
/// solarize-add up to 110. The first three know no level. `negative` turns the direction of those that have one. What
/// comes in from outside is `fill`. Agrees with Pillow (9.4), on which the published training stands, within a step of
/// a byte.
Picture apply(Operation operation, const Picture& picture, double level, bool negative,
              const std::array<std::uint8_t, 3>& fill);

/// "rand-m9-mstd0.5-inc1" as DeiT uses it: two operations drawn with replacement, each applied with probability 1/2 at
/// a level of mean 9 and deviation 0.5 (within 0..10), direction drawn; ImageNet's mean colour comes in from outside.
struct RandAugmentSettings {
  int operations = 2;
  double level = 9, level_deviation = 0.5, probability = 0.5;
  std::array<std::uint8_t, 3> fill = {124, 116, 104};
};
Picture rand_augment(const Picture& picture, const RandAugmentSettings& settings, Random& random);

}  // namespace ldpsim::data
