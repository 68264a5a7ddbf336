// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/dense_task.hpp"

#include <algorithm>

#include "sim/datapath/sum_kernels.hpp"

namespace ldpsim {
namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace

DenseTask::DenseTask(std::unique_ptr<DatapathOperands> operands)
    : o_(std::move(operands)), p_(o_->problem), classes_(p_), cover_(p_), plane_(p_.out_height * p_.out_width) {
  sums_.products.resize(at(p_.outputs()));
  sums_.moving.resize(at(p_.batch * p_.groups * plane_));
  class_sums_.resize(at(p_.groups * p_.filters * classes_.count()));
  class_taps_.resize(at(classes_.count()));
  if (o_->accumulator.overflow == Overflow::kSplit) {
    spills_ = spills_per_output(o_->accumulator, o_->bits, p_.reduction()) * p_.outputs();
  }
}

void DenseTask::apply_overflow() {
  const AccumulatorSpec& accumulator = o_->accumulator;
  if (accumulator.overflow == Overflow::kSplit || products_that_fit(accumulator, o_->bits) >= p_.reduction()) return;
  const AccumulatorRange range = accumulator_range(accumulator, o_->bits);
  const bool steps_matter = o_->bits.moving_signed || o_->bits.stationary_signed;
  std::int64_t index = 0;
  for (std::int64_t b = 0; b < p_.batch; ++b)
    for (std::int64_t g = 0; g < p_.groups; ++g)
      for (std::int64_t f = 0; f < p_.filters; ++f)
        for (std::int64_t y = 0; y < p_.out_height; ++y)
          for (std::int64_t x = 0; x < p_.out_width; ++x, ++index) {
            std::int64_t& sum = sums_.products[at(index)];
            if (accumulator.overflow == Overflow::kWrap) {
              sum = wrapped_sum(sum, accumulator, range);
            } else {
              // sums of unsigned codes only grow: once at the top they stay there
              sum = steps_matter ? saturating_sum_of_planes(*o_, {b, g, f, y, x}, 0, p_.channels)
                                 : std::min(sum, range.most);
            }
          }
}

void DenseTask::expand_classes() {
  sums_.taps.resize(at(plane_));
  sums_.stationary.resize(at(p_.groups * p_.filters * plane_));
  std::vector<std::int64_t> class_of(at(plane_));
  for (std::int64_t i = 0; i < plane_; ++i) {
    class_of[at(i)] = classes_.of(i / p_.out_width, i % p_.out_width);
    sums_.taps[at(i)] = class_taps_[at(class_of[at(i)])];
  }
  for (std::int64_t filter = 0; filter < p_.groups * p_.filters; ++filter) {
    const std::int64_t* sums = &class_sums_[at(filter * classes_.count())];
    std::int64_t* out = &sums_.stationary[at(filter * plane_)];
    for (std::int64_t i = 0; i < plane_; ++i) out[i] = sums[class_of[at(i)]];
  }
}

void DenseTask::dequantise_all() {
  const auto as_real = [](const std::vector<std::int64_t>& sums) {
    return std::vector<double>(sums.begin(), sums.end());
  };
  const std::vector<double> moving = as_real(sums_.moving), stationary = as_real(sums_.stationary),
                            taps = as_real(sums_.taps);
  values_.resize(sums_.products.size());
  for (std::int64_t b = 0; b < p_.batch; ++b)
    for (std::int64_t g = 0; g < p_.groups; ++g)
      for (std::int64_t f = 0; f < p_.filters; ++f) {
        const std::int64_t filter = g * p_.filters + f, out = ((b * p_.groups + g) * p_.filters + f) * plane_;
        const double scale = DatapathOperands::scale_at(o_->stationary_scale, filter);
        const double offset = DatapathOperands::scale_at(o_->stationary_offset, filter);
        dequantise({.products = &sums_.products[at(out)],
                    .moving = &moving[at((b * p_.groups + g) * plane_)],
                    .stationary = &stationary[at(filter * plane_)],
                    .taps = taps.data(),
                    .factor = {o_->moving_scale * scale, o_->moving_scale * offset, o_->moving_offset * scale,
                               o_->moving_offset * offset}},
                   plane_, &values_[at(out)]);
      }
}

void DenseTask::finish() {
  cover_.check_complete();
  SumRange range;
  widen(sums_.products.data(), static_cast<std::int64_t>(sums_.products.size()), range);
  bits_needed_ = accumulator_bits_for(range.least, range.most, o_->bits);
  apply_overflow();
  expand_classes();
  dequantise_all();
}

}  // namespace ldpsim
