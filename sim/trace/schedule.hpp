// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "sim/trace/trace.hpp"
#include "sim/workload/layer.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

/// A precision and for how many iterations a layer had it.
struct BitsCount {
  LayerBits bits;
  std::int64_t iterations = 0;
  bool operator==(const BitsCount&) const = default;
};

/// Of each layer the distinct precisions, ascending by weight, activation, gradient. Since layers are separated by
/// barriers, this is all that the cost of a schedule depends on.
using BitsHistogram = std::vector<std::vector<BitsCount>>;

/// The precisions of a run, held as three bytes per layer and iteration. Where an operand is float (0 bits in the
/// trace) it counts as `float_layer_bits`.
class Schedule {
 public:
  static constexpr std::int64_t kBegin = std::numeric_limits<std::int64_t>::min(),
                                kEnd = std::numeric_limits<std::int64_t>::max();
  /// Loads iterations [first, last); kBegin, kEnd: where the trace begins and ends. `float_layer_bits` 0: the trace's
  /// static_bits. Throws UserError if the range is empty or the trace does not reach so far, DamagedFile if an
  /// iteration in it is missing.
  explicit Schedule(const TraceReader& trace, std::int64_t first = kBegin, std::int64_t last = kEnd,
                    int float_layer_bits = 0);

  const Network& network() const { return network_; }
  std::int64_t batch() const { return batch_; }
  int static_bits() const { return static_bits_; }  ///< the precision that cost ratios refer to
  int float_layer_bits() const { return float_layer_bits_; }
  std::int64_t first() const { return first_; }
  std::int64_t last() const { return first_ + count_; }  ///< one past the last iteration
  std::int64_t size() const { return count_; }           ///< iterations

  /// What a reader of its costs must know of the method, as a sentence; mostly empty.
  const std::string& remark() const { return remark_; }

  LayerBits bits(std::int64_t iteration, std::size_t layer) const;
  std::vector<LayerBits> final_bits() const;
  /// Whether some operand of the layer is float in some iteration, so that float_layer_bits enters its cost.
  bool has_float(std::size_t layer) const;
  /// Whether every operand of every layer is float in every iteration, so that nothing is known of costs in bits.
  bool all_float() const;
  BitsHistogram histogram() const { return histogram(first(), last()); }
  BitsHistogram histogram(std::int64_t first, std::int64_t last) const;

 private:
  const std::uint8_t* at(std::int64_t iteration) const;
  Network network_;
  std::int64_t batch_ = 1, first_ = 0, count_ = 0;
  int static_bits_ = 8, float_layer_bits_ = 8;
  std::string remark_;
  std::vector<std::uint8_t> bits_;  ///< [iteration][layer][weight, activation, gradient], 0 = float
};

/// Cost of a schedule in bit-operations relative to all operands at `static_bits`, layers weighted by their MACs.
/// Training sums the three passes of every layer, w*a + w*g + a*g, as the publications do (the first layer's absent
/// backward-data included); or some of them.
double training_cost_ratio(const Network& network, const BitsHistogram& histogram, int static_bits,
                           std::span<const Pass> passes = kAllPasses);
/// The same of the forward pass alone, w*a.
double forward_cost_ratio(const Network& network, const BitsHistogram& histogram, int static_bits);
/// A histogram of one iteration.
BitsHistogram histogram_of(std::span<const LayerBits> bits);
/// Everything a schedule's cost depends on, as text: shapes, batch, precisions. Two equal texts cost the same on every
/// machine.
std::string canonical_workload(const Network& network, std::int64_t batch, const BitsHistogram& histogram);

}  // namespace ldpsim
