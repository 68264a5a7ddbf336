// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/arch/pe_array.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

/// A tensor as an array sees it: integer codes with real scale and offset. value = code*scale + offset.
struct QuantisedTensor {
  std::vector<std::int64_t> shape;   ///< row-major
  int bits = 8;
  bool is_signed = false;            ///< codes are two's complement -2^(b-1)..2^(b-1)-1 instead of 0..2^b-1
  std::vector<std::int32_t> codes;
  std::vector<double> scale, offset; ///< one each, or one per index of the first axis (weights per output channel)
};

/// The operands of one pass: whole-layer tensors, addressed by the AffineIndex of the Problem.
struct PassOperands {
  const QuantisedTensor* moving = nullptr;
  const QuantisedTensor* stationary = nullptr;
};

/// Half-open ranges along the five loops (indexed by Loop) of one group.
struct TileRange {
  std::int64_t group = 0;
  std::array<std::int64_t, kLoopCount> first{}, last{};
};

/// The values of one pass, computed tile by tile as the array walks. Contract: every tile of a covering set is computed exactly once, in any
/// order that keeps the channel (reduction) tiles of an output ascending; then finish() once; then results may be read.
class FunctionalTask {
 public:
  virtual ~FunctionalTask() = default;
  virtual void compute(const TileRange& tile) = 0;
  virtual void finish() = 0;
};

}  // namespace ldpsim
