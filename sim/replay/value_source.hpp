// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/datapath/functional.hpp"
#include "sim/workload/layer.hpp"

namespace ldpsim {

/// The operands of one pass of a layer over one image, as an iteration had them.
struct ValueSample {
  std::int64_t iteration = 0;
  QuantisedTensor moving{}, stationary{};
};

/// Whether several samples share the steps of a pass: it sums over them, and the positions of one fill no 16 lanes.
/// What the slowest lane makes of a step is then known only where the samples are counted together.
inline bool samples_share_steps(const Layer& layer, Pass pass) {
  constexpr std::int64_t kLanes = 16;
  return pass == Pass::kBackwardWeight && layer.out_height() * layer.out_width() < kLanes;
}

/// Where machines whose cycles depend on values take operands from.
class ValueSource {
 public:
  virtual ~ValueSource() = default;
  virtual const Network& network() const = 0;
  /// Calls `visit` for every image of every capture of a layer's pass, in the order of iterations, with codes of the
  /// bits asked for: a tensor captured at other bits is quantised anew over the same range of real numbers. Does
  /// nothing if the pass was not captured.
  virtual void for_each_sample(std::size_t layer, Pass pass, PassBits bits,
                               const std::function<void(const ValueSample&)>& visit) const = 0;
  /// For people: what the operands are.
  virtual std::vector<std::string> notes() const = 0;
  /// Everything that the operands depend on, as text: a part of a content key.
  virtual std::string canonical() const = 0;
};

/// The captured operands of a trace: of iterations first..last-1, or of all if none of those was captured. Of more than
/// kMostCaptures captured iterations as many, evenly spread, and of each the first kMostImages images. Opens the file
/// when first asked. Throws UserError if the trace has no operands.
std::unique_ptr<ValueSource> make_captured_values(const std::string& file, std::int64_t first, std::int64_t last);
inline constexpr std::size_t kMostCaptures = 16;
inline constexpr std::int64_t kMostImages = 16;

/// Made-up operands: codes equally distributed over their range and independent of each other. A few draws from a seed,
/// each of one sample, or of kMostImages where samples share steps.
std::unique_ptr<ValueSource> make_uniform_values(const Network& network);

/// Codes quantised anew from `tensor.bits` to `bits`: code * (2^bits - 1) / (2^tensor.bits - 1), to the nearest.
void requantise(QuantisedTensor& tensor, int bits);

}  // namespace ldpsim
