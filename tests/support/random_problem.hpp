// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "sim/core/error.hpp"
#include "sim/core/random.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim::test {

/// A random layer of up to `channels` channels and `side` rows, or nothing if its shape is impossible.
inline std::optional<Layer> random_layer(Random& random, std::int64_t channels, std::int64_t side) {
  Layer layer;
  layer.name = "random";
  layer.groups = random.between(1, 2);
  layer.in_channels = layer.groups * random.between(1, channels);
  layer.out_channels = layer.groups * random.between(1, channels);
  layer.in_height = random.between(1, side);
  layer.in_width = random.between(1, side);
  layer.kernel_height = random.between(1, 5);
  layer.kernel_width = random.between(1, 5);
  layer.stride = random.between(1, 3);
  layer.padding = random.between(0, 2);
  layer.dilation = random.between(1, 2);
  try {
    layer.check("random");
  } catch (const UserError&) {
    return std::nullopt;
  }
  return layer;
}

/// A random problem of a random pass; of a strided backward-data's phases, the first.
inline Problem random_problem(Random& random, std::int64_t channels, std::int64_t side, std::int64_t batch) {
  for (;;) {
    const std::optional<Layer> layer = random_layer(random, channels, side);
    if (!layer) continue;
    const Pass pass = kAllPasses[random.between(0, 2)];
    const InsertedZeros zeros = random.between(0, 1) != 0 ? InsertedZeros::kSkip : InsertedZeros::kCompute;
    const std::vector<Problem> problems =
        lower(*layer, pass, random.between(1, batch), zeros, random.between(0, 1) != 0);
    if (problems.empty()) continue;
    Problem problem = problems.front();
    problem.first_layer = random.between(0, 3) == 0;
    return problem;
  }
}

inline PassBits random_bits(Random& random) {
  return {.moving = static_cast<int>(random.between(1, 16)), .stationary = static_cast<int>(random.between(1, 16))};
}

}  // namespace ldpsim::test
