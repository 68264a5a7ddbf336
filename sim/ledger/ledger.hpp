// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/workload/layer.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

/// The currency of papers on low-precision training: a multiply-accumulate of operands of p and q bits costs p*q bit
/// operations.
///
/// Counts what a schedule costs, exactly. A pass of a layer has the layer's multiply-accumulates, padding included
/// (Layer::macs), in forward at b_w*b_a, in backward-data at b_w*b_g and in backward-weight at b_a*b_g bits. A float
/// layer is counted at `static_bits`, the precision that ratios compare with. Sums are integers, so the order of adding
/// does not matter.
class Ledger {
 public:
  /// `static_bits` is 1..16; throws UserError otherwise.
  Ledger(Network network, int static_bits);

  /// Adds `repeat` iterations at these bits, a layer each; 0 is a float layer. The last bits added are those of
  /// inference. Throws UserError if the number of layers differs or bits are above 16.
  void add(std::span<const LayerBits> bits, std::int64_t repeat = 1);

  const Network& network() const { return network_; }
  int static_bits() const { return static_bits_; }
  std::int64_t iterations() const { return iterations_; }

  /// Bit operations of one pass of one layer, of one sample in each iteration, summed over the iterations.
  __int128 bitops(std::size_t layer, Pass pass) const;
  /// The same with every operand at `static_bits`.
  __int128 static_bitops(std::size_t layer) const;
  /// Over the passes that really run: the first layer of a network has no backward-data.
  __int128 bitops(Pass pass) const;
  __int128 static_bitops(Pass pass) const;

  /// Cost of training relative to static training as the papers count it: three passes of every layer, the first one
  /// too (CPT, Fu et al. 2021; LDP, Yu et al. 2022). 1 for an empty ledger.
  double training_ratio() const;
  /// Forward cost of the last bits added, relative to static bits.
  double inference_ratio() const;
  /// Bit operations of one forward pass of one sample at the last bits added.
  __int128 inference_bitops() const;

 private:
  struct Sums {
    std::array<std::int64_t, 3> products{};  ///< of bits, over the iterations, by Pass
    std::int64_t last_forward = 0;           ///< product of the last iteration
  };
  Network network_;
  int static_bits_;
  std::int64_t iterations_ = 0;
  std::vector<Sums> layers_;
};

}  // namespace ldpsim
