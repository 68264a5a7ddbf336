// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace ldpsim::models {

enum class OptimiserKind { kSgd, kAdam, kAdamW };

/// How the learning rate runs from its first to its last iteration, after the warm-up.
enum class RateSchedule {
  kConstant,
  kSteps,        ///< a tenth after each of the fractions in Recipe::drops
  kCosine,       ///< half a cosine down to rate_end
  kRestarts,     ///< a cosine every Recipe::restart_fraction of the run
  kInverseRoot,  ///< 1/sqrt(iteration) from the end of the warm-up on
};

/// How a network was trained where it was published. All but second_momentum, drops, restart_fraction, warm_up_rate,
/// decay_vectors, decay_until and counts_float_layers are options of the command line.
struct Recipe {
  OptimiserKind optimiser = OptimiserKind::kSgd;
  double rate = 0.1, momentum = 0.9, second_momentum = 0.999, weight_decay = 1e-4;
  RateSchedule schedule = RateSchedule::kSteps;
  std::vector<double> drops = {};  ///< fractions of the run
  double restart_fraction = 1;     ///< of the run
  double warm_up_fraction = 0;     ///< of the run, rising linearly from warm_up_rate
  double warm_up_rate = 0, rate_end = 0;
  bool decay_vectors = true;   ///< false: weight decay spares biases and norms
  double decay_until = 1;      ///< of the run, where weight decay ends
  double clip_norm = 0;        ///< largest norm of all gradients together; 0 = any
  double label_smoothing = 0;  ///< share of the target spread over all classes
  double average = 0;          ///< decay of the exponential mean of the weights that tests use; 0 = none
  std::int64_t iterations = 64000, batch = 128;
  int min_bits = 3, max_bits = 8, gradient_bits = 8;
  double budget = 0.6;              ///< of LDP, on the cost relative to static precision
  double precision_rate = 0.1;      ///< learning rate of LDP's precisions
  bool counts_float_layers = true;  ///< the publication's costs have those layers in them that stay float
};

}  // namespace ldpsim::models
