// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <tuple>

#include "sim/replay/machine.hpp"
#include "sim/replay/value_source.hpp"

namespace ldpsim {

/// Mean of some figures with its 95 % confidence interval.
struct MeanInterval {
  double mean = 0;
  std::optional<double> half_width{};  ///< Student's t; nothing with a single figure
};
MeanInterval mean_interval(std::span<const double> figures);
/// Two-sided 95 % quantile of Student's t distribution.
double student_t95(std::int64_t degrees_of_freedom);

/// What values make of one pass of one layer on a value-dependent machine, as shares of the worst case over all values.
struct ValueEstimate {
  double cycles = 1;                               ///< cycles of the array / worst-case cycles
  std::optional<double> half_width{};              ///< of `cycles`, 95 % confidence; nothing if there is but one sample
  double imbalance = 0;                            ///< of the array's cycles
  std::array<double, kActionCount> differences{};  ///< TileCost::difference per worst-case cycle
  std::int64_t captures = 0;                       ///< captured iterations that it rests on
  bool of_layer = true;                            ///< of captures of the layer itself, not of others
};

/// Estimates from samples.
///
/// Of each captured iteration the cycles of its images are added up, at the bits asked for, and divided by the
/// worst-case cycles; images that share steps (samples_share_steps) are one batch instead. With several captured
/// iterations these ratios are the figures of the mean and the interval, with a single one those of its images, or, of
/// a batch, the pseudo-values of the jackknife (Tukey 1958): n times the ratio of all images less n-1 times that
/// without one. A layer without captures takes the mean over the layers that have some in the same pass, and these
/// layers' ratios are the figures; if there is but one, its own interval stands.
class ValueEstimator {
 public:
  /// Keeps references to both.
  ValueEstimator(const Machine& machine, const ValueSource& source) : machine_(machine), source_(source) {}
  /// Throws UserError if no layer has captures of this pass.
  const ValueEstimate& estimate(std::size_t layer, Pass pass, PassBits bits, bool weight_scale_per_channel);
  const ValueSource& source() const { return source_; }

 private:
  using Key = std::tuple<std::size_t, Pass, int, int, bool>;
  std::optional<ValueEstimate> from_batches(std::size_t layer, Pass pass, PassBits bits, bool per_channel);
  std::optional<ValueEstimate> from_captures(std::size_t layer, Pass pass, PassBits bits, bool per_channel);
  const std::optional<ValueEstimate>& known(std::size_t layer, Pass pass, PassBits bits, bool per_channel);
  ValueEstimate from_others(Pass pass, PassBits bits, bool per_channel);

  const Machine& machine_;
  const ValueSource& source_;
  std::map<Key, std::optional<ValueEstimate>> known_;
  std::map<std::tuple<Pass, int, int, bool>, ValueEstimate> others_;
};

/// The timing that an estimate makes: every tile takes `share` of its worst case, at least a cycle, rounded down.
class EstimatedTiming final : public ValueTiming {
 public:
  EstimatedTiming(const PeArray& array, const Problem& problem, PassBits bits, const TileShape& plan_tile, double share,
                  double imbalance)
      : array_(array), problem_(problem), bits_(bits), plan_tile_(plan_tile), share_(share), imbalance_(imbalance) {}
  TileCost tile_cost(const TileRange& tile) override;
  bool equal_for_equal_shapes() const override { return true; }

 private:
  const PeArray& array_;
  Problem problem_;
  PassBits bits_;
  TileShape plan_tile_;
  double share_, imbalance_;
};

}  // namespace ldpsim
