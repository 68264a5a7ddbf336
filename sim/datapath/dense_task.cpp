// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/dense_task.hpp"

#include <algorithm>

#include "sim/core/index.hpp"
#include "sim/datapath/sum_kernels.hpp"

namespace ldpsim {
namespace {}  // namespace

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

bool DenseTask::may_overflow() const {
  const AccumulatorSpec& accumulator = o_->accumulator;
  return accumulator.overflow != Overflow::kSplit && products_that_fit(accumulator, o_->bits) < p_.reduction();
}

void DenseTask::apply_overflow() {
  const AccumulatorSpec& accumulator = o_->accumulator;
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
  expand(class_taps_.data(), sums_.taps.data());
  for (std::int64_t filter = 0; filter < p_.groups * p_.filters; ++filter)
    expand(&class_sums_[at(filter * classes_.count())], &sums_.stationary[at(filter * plane_)]);
}

/// of_class [class] to out [y, x]. Most rows are like the one before.
void DenseTask::expand(const std::int64_t* of_class, std::int64_t* out) const {
  for (std::int64_t y = 0; y < p_.out_height; ++y, out += p_.out_width) {
    if (y > 0 && classes_.of(y, 0) == classes_.of(y - 1, 0)) {
      std::copy_n(out - p_.out_width, p_.out_width, out);
    } else {
      for (std::int64_t x = 0; x < p_.out_width; ++x) out[x] = of_class[classes_.of(y, x)];
    }
  }
}

/// Returns the range of the products, found while they are at hand.
SumRange DenseTask::dequantise_all() {
  SumRange all;
  // overflow leaves nothing larger than the accumulator or the exact sum
  const bool small = o_->accumulator.bits <= 51 && p_.reduction() < std::int64_t{1}
                                                                        << (51 - o_->bits.moving - o_->bits.stationary);
  const std::vector<double> moving(sums_.moving.begin(), sums_.moving.end()),
      taps(sums_.taps.begin(), sums_.taps.end());
  std::vector<double> stationary(at(plane_));
  values_.resize(sums_.products.size());
  for (std::int64_t filter = 0; filter < p_.groups * p_.filters; ++filter) {
    const std::int64_t g = filter / p_.filters, f = filter % p_.filters;
    const double scale = DatapathOperands::scale_at(o_->stationary_scale, filter);
    const double offset = DatapathOperands::scale_at(o_->stationary_offset, filter);
    std::copy_n(&sums_.stationary[at(filter * plane_)], plane_, stationary.begin());
    for (std::int64_t b = 0; b < p_.batch; ++b) {
      const std::int64_t out = ((b * p_.groups + g) * p_.filters + f) * plane_;
      dequantise({.products = &sums_.products[at(out)],
                  .small = small,
                  .moving = &moving[at((b * p_.groups + g) * plane_)],
                  .stationary = stationary.data(),
                  .taps = taps.data(),
                  .factor = {o_->moving_scale * scale, o_->moving_scale * offset, o_->moving_offset * scale,
                             o_->moving_offset * offset}},
                 plane_, &values_[at(out)], all);
    }
  }
  return all;
}

void DenseTask::finish() {
  cover_.check_complete();
  const bool overflows = may_overflow();
  SumRange exact;
  if (overflows) {
    widen(sums_.products.data(), static_cast<std::int64_t>(sums_.products.size()), exact);
    apply_overflow();
  }
  expand_classes();
  const SumRange kept = dequantise_all();
  if (!overflows) exact = kept;
  bits_needed_ = accumulator_bits_for(exact.least, exact.most, o_->bits);
}

}  // namespace ldpsim
