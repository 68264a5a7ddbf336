// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/datapath/datapath_task.hpp"
#include "sim/datapath/sum_kernels.hpp"
#include "sim/datapath/tap_classes.hpp"
#include "sim/datapath/tile_cover.hpp"

namespace ldpsim {

/// All taps of an output in one accumulator. Who derives from it forms the sums, exact, as tiles are walked; what
/// becomes of them is here: overflow, correction sums of every output, dequantised values.
class DenseTask : public FunctionalTask {
 public:
  void finish() override;
  void observe_groups(GroupObserver) override {}
  const IntegerSums& sums() const override { return sums_; }
  const std::vector<double>& values() const override { return values_; }
  const AccumulatorSpec& accumulator() const override { return o_->accumulator; }
  int accumulator_bits_needed() const override { return bits_needed_; }
  std::int64_t spills() const override { return spills_; }

 protected:
  explicit DenseTask(std::unique_ptr<DatapathOperands> operands);

  std::unique_ptr<DatapathOperands> o_;
  const Problem& p_;
  TapClasses classes_;
  TileCover cover_;
  std::int64_t plane_;                    ///< outputs of one filter and sample
  IntegerSums sums_;                      ///< `products` and `moving` complete when all tiles are walked
  std::vector<std::int64_t> class_sums_;  ///< [group, filter, class] stationary codes
  std::vector<std::int64_t> class_taps_;  ///< [class]

 private:
  bool may_overflow() const;
  void apply_overflow();
  void expand_classes();
  void expand(const std::int64_t* of_class, std::int64_t* out) const;
  SumRange dequantise_all();

  std::vector<double> values_;
  int bits_needed_ = 0;
  std::int64_t spills_ = 0;
};

}  // namespace ldpsim
