// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ldpsim {

/// The units of the published tables. They are reporting conventions, not measurements: training costs are those of the
/// CIFAR sample count on ImageNet too, and inference costs are divided by a constant that differs from table to table.
/// Only ratios mean something.
inline constexpr double kPaperTrainingSamples = 64000.0 * 128.0;
inline constexpr double kPaperInferenceDivisor = 2.0;  ///< of the CIFAR tables; 8 on ImageNet

/// GBitOPs of static training in the published tables; `ops` is a network's operations per sample in one pass.
inline double paper_training_gbitops(double ops, int static_bits, double samples = kPaperTrainingSamples) {
  return 3.0 * ops * static_bits * static_bits * samples / 1e9;
}

/// GBitOPs of inference at static precision in the published tables.
inline double paper_inference_gbitops(double ops, int static_bits, double divisor = kPaperInferenceDivisor) {
  return ops * static_bits * static_bits / divisor / 1e9;
}

/// Cyclic precision (CPT, Fu et al. 2021): half cosines that rise from `least` to `most` and jump back, `cycles` of
/// them in `iterations`; an incomplete one at the end starts at `least` again. rint(least + (most - least)/2 * (1 +
/// cos(pi*phase + pi))), half to even.
struct CyclicSchedule {
  int least = 3, most = 8;
  std::int64_t iterations = 64000, cycles = 32;
  /// Bits of weights and activations in iteration 0, 1, ...
  int bits_at(std::int64_t iteration) const;
};

}  // namespace ldpsim
