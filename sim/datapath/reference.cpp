// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/reference.hpp"

#include <algorithm>
#include <cstddef>

#include "sim/core/error.hpp"
#include "sim/core/index.hpp"

namespace ldpsim {
namespace {

using Sums = std::vector<std::int64_t>;

/// The pairs (index, input) that a fixed partner index meets along one axis, as two arithmetic progressions.
struct Run {
  std::int64_t first = 0, step = 1, input_first = 0, input_step = 1, count = 0;
};

template <class Input>
Run run_of(std::int64_t extent, Input input) {
  Run run;
  for (std::int64_t i = 0; i < extent; ++i) {
    const std::int64_t in = input(i);
    if (in < 0) continue;
    if (run.count == 0) run.first = i, run.input_first = in;
    if (run.count == 1) run.step = i - run.first, run.input_step = in - run.input_first;
    if (i != run.first + run.count * run.step || in != run.input_first + run.count * run.input_step) {
      throw InternalError("valid taps are not evenly spaced");
    }
    ++run.count;
  }
  return run;
}

/// Products of one (batch, group, filter, channel) added into `out` [y, x], all loops written out.
class Channel {
 public:
  Channel(const Problem& p, const PassOperands& operands)
      : p_(p), m_(operands.moving->codes.data()), s_(operands.stationary->codes.data()) {
    for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
      over_outputs_.push_back(run_of(p.out_width, [&](std::int64_t ox) { return p.input_x(ox, kx); }));
    }
    for (std::int64_t ox = 0; ox < p.out_width; ++ox) {
      over_taps_.push_back(run_of(p.kernel_width, [&](std::int64_t kx) { return p.input_x(ox, kx); }));
    }
  }

  void add(std::int64_t b, std::int64_t g, std::int64_t f, std::int64_t c, std::int64_t* out) const {
    for (std::int64_t oy = 0; oy < p_.out_height; ++oy) {
      for (std::int64_t ky = 0; ky < p_.kernel_height; ++ky) {
        const std::int64_t iy = p_.input_y(oy, ky);
        if (iy < 0) continue;
        const std::int32_t* moving = m_ + p_.moving.at(b, g, 0, c, iy, 0);
        const std::int32_t* stationary = s_ + p_.stationary.at(0, g, f, c, ky, 0);
        if (p_.out_width >= p_.kernel_width) {
          add_along_outputs(moving, stationary, out + oy * p_.out_width);
        } else {
          add_along_taps(moving, stationary, out + oy * p_.out_width);
        }
      }
    }
  }

 private:
  void add_along_outputs(const std::int32_t* moving, const std::int32_t* stationary, std::int64_t* out) const {
    for (std::int64_t kx = 0; kx < p_.kernel_width; ++kx) {
      const Run& run = over_outputs_[at(kx)];
      const std::int64_t weight = stationary[kx * p_.stationary.x];
      const std::int64_t step = run.input_step * p_.moving.x;
      const std::int32_t* in = moving + run.input_first * p_.moving.x;
      std::int64_t* o = out + run.first;
      for (std::int64_t i = 0; i < run.count; ++i) o[i * run.step] += weight * in[i * step];
    }
  }
  void add_along_taps(const std::int32_t* moving, const std::int32_t* stationary, std::int64_t* out) const {
    for (std::int64_t ox = 0; ox < p_.out_width; ++ox) {
      const Run& run = over_taps_[at(ox)];
      const std::int32_t* in = moving + run.input_first * p_.moving.x;
      const std::int32_t* weight = stationary + run.first * p_.stationary.x;
      const std::int64_t in_step = run.input_step * p_.moving.x, weight_step = run.step * p_.stationary.x;
      std::int64_t sum = 0;
      for (std::int64_t i = 0; i < run.count; ++i) sum += std::int64_t{weight[i * weight_step]} * in[i * in_step];
      out[ox] += sum;
    }
  }

  const Problem& p_;
  const std::int32_t* m_;
  const std::int32_t* s_;
  std::vector<Run> over_outputs_, over_taps_;
};

/// Sums over the valid taps of each output [y, x] of a plane: element(iy, ix, ky, kx) per valid tap.
template <class Element>
void sum_taps(const Problem& p, Element element, std::int64_t* out) {
  for (std::int64_t oy = 0; oy < p.out_height; ++oy)
    for (std::int64_t ky = 0; ky < p.kernel_height; ++ky) {
      const std::int64_t iy = p.input_y(oy, ky);
      if (iy < 0) continue;
      for (std::int64_t ox = 0; ox < p.out_width; ++ox)
        for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
          const std::int64_t ix = p.input_x(ox, kx);
          if (ix >= 0) out[oy * p.out_width + ox] += element(iy, ix, ky, kx);
        }
    }
}

/// Sums of moving codes of channels [first, last) over the valid taps, [y, x]: channels first, then taps.
void add_moving_sums(const Problem& p, const PassOperands& operands, std::int64_t b, std::int64_t g, std::int64_t first,
                     std::int64_t last, std::int64_t* out) {
  Sums plane(at(p.in_height * p.in_width));
  for (std::int64_t c = first; c < last; ++c)
    for (std::int64_t iy = 0; iy < p.in_height; ++iy)
      for (std::int64_t ix = 0; ix < p.in_width; ++ix) {
        plane[at(iy * p.in_width + ix)] += operands.moving->codes[at(p.moving.at(b, g, 0, c, iy, ix))];
      }
  sum_taps(
      p, [&](std::int64_t iy, std::int64_t ix, std::int64_t, std::int64_t) { return plane[at(iy * p.in_width + ix)]; },
      out);
}

void add_stationary_sums(const Problem& p, const PassOperands& operands, std::int64_t g, std::int64_t f,
                         std::int64_t first, std::int64_t last, std::int64_t* out) {
  Sums kernel(at(p.kernel_height * p.kernel_width));
  for (std::int64_t c = first; c < last; ++c)
    for (std::int64_t ky = 0; ky < p.kernel_height; ++ky)
      for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
        kernel[at(ky * p.kernel_width + kx)] += operands.stationary->codes[at(p.stationary.at(0, g, f, c, ky, kx))];
      }
  sum_taps(
      p,
      [&](std::int64_t, std::int64_t, std::int64_t ky, std::int64_t kx) {
        return kernel[at(ky * p.kernel_width + kx)];
      },
      out);
}

/// One output under Overflow::kSaturate: steps of up to `lanes` channels at one kernel position, clamped after each.
std::int64_t saturating_sum(const Problem& p, const PassOperands& operands, AccumulatorRange range, std::int64_t lanes,
                            std::int64_t channel_first, std::int64_t channel_last, std::int64_t b, std::int64_t g,
                            std::int64_t f, std::int64_t oy, std::int64_t ox) {
  std::int64_t sum = 0;
  for (std::int64_t block = channel_first; block < channel_last; block += lanes)
    for (std::int64_t ky = 0; ky < p.kernel_height; ++ky)
      for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
        const std::int64_t iy = p.input_y(oy, ky), ix = p.input_x(ox, kx);
        if (iy < 0 || ix < 0) continue;
        std::int64_t step = 0;
        for (std::int64_t c = block; c < std::min(block + lanes, channel_last); ++c) {
          step += std::int64_t{operands.moving->codes[at(p.moving.at(b, g, 0, c, iy, ix))]} *
                  operands.stationary->codes[at(p.stationary.at(0, g, f, c, ky, kx))];
        }
        sum = std::clamp(sum + step, range.least, range.most);
      }
  return sum;
}

PassBits bits_of(const PassOperands& operands) {
  return {operands.moving->bits, operands.stationary->bits, operands.moving->is_signed, operands.stationary->is_signed};
}

std::int64_t wrapped(std::int64_t value, const AccumulatorSpec& spec, AccumulatorRange range) {
  const std::int64_t modulus = std::int64_t{1} << spec.bits;
  std::int64_t rest = value % modulus;
  if (rest < range.least) rest += modulus;
  if (rest > range.most) rest -= modulus;
  return rest;
}

/// The products [y, x] of (b, g, f) over the channels [first, last) as the accumulator leaves them.
void add_products(const Problem& p, const PassOperands& operands, const Channel& channel, const AccumulatorSpec& spec,
                  std::int64_t first, std::int64_t last, std::int64_t b, std::int64_t g, std::int64_t f,
                  std::int64_t* out) {
  const AccumulatorRange range = accumulator_range(spec, bits_of(operands));
  if (spec.overflow == Overflow::kSaturate) {
    for (std::int64_t oy = 0; oy < p.out_height; ++oy)
      for (std::int64_t ox = 0; ox < p.out_width; ++ox) {
        out[oy * p.out_width + ox] = saturating_sum(p, operands, range, spec.lanes, first, last, b, g, f, oy, ox);
      }
    return;
  }
  for (std::int64_t c = first; c < last; ++c) channel.add(b, g, f, c, out);
  if (spec.overflow == Overflow::kSplit) return;
  for (std::int64_t i = 0; i < p.out_height * p.out_width; ++i) out[i] = wrapped(out[i], spec, range);
}

double scale_at(const std::vector<double>& values, std::int64_t index) {
  return values.size() == 1 ? values[0] : values[at(index)];
}

}  // namespace

IntegerSums reference_sums(const Problem& p, const PassOperands& operands, const AccumulatorSpec& accumulator) {
  const Channel channel(p, operands);
  const std::int64_t plane = p.out_height * p.out_width;
  IntegerSums sums{Sums(at(p.outputs())), Sums(at(p.batch * p.groups * plane)), Sums(at(p.groups * p.filters * plane)),
                   Sums(at(plane))};
  for (std::int64_t b = 0; b < p.batch; ++b)
    for (std::int64_t g = 0; g < p.groups; ++g) {
      add_moving_sums(p, operands, b, g, 0, p.channels, &sums.moving[at((b * p.groups + g) * plane)]);
      for (std::int64_t f = 0; f < p.filters; ++f) {
        add_products(p, operands, channel, accumulator, 0, p.channels, b, g, f,
                     &sums.products[at(((b * p.groups + g) * p.filters + f) * plane)]);
      }
    }
  for (std::int64_t g = 0; g < p.groups; ++g)
    for (std::int64_t f = 0; f < p.filters; ++f) {
      add_stationary_sums(p, operands, g, f, 0, p.channels, &sums.stationary[at((g * p.filters + f) * plane)]);
    }
  sum_taps(
      p, [&](std::int64_t, std::int64_t, std::int64_t, std::int64_t) { return p.channels; }, sums.taps.data());
  return sums;
}

IntegerSums reference_group_sums(const Problem& p, const PassOperands& operands, std::int64_t g, std::int64_t c,
                                 const AccumulatorSpec& accumulator) {
  const Channel channel(p, operands);
  const std::int64_t plane = p.out_height * p.out_width;
  IntegerSums sums{Sums(at(p.batch * p.filters * plane)), Sums(at(p.batch * plane)), Sums(at(p.filters * plane)),
                   Sums(at(plane))};
  for (std::int64_t b = 0; b < p.batch; ++b) {
    add_moving_sums(p, operands, b, g, c, c + 1, &sums.moving[at(b * plane)]);
    for (std::int64_t f = 0; f < p.filters; ++f) {
      add_products(p, operands, channel, accumulator, c, c + 1, b, g, f,
                   &sums.products[at((b * p.filters + f) * plane)]);
    }
  }
  for (std::int64_t f = 0; f < p.filters; ++f)
    add_stationary_sums(p, operands, g, f, c, c + 1, &sums.stationary[at(f * plane)]);
  sum_taps(
      p, [](std::int64_t, std::int64_t, std::int64_t, std::int64_t) { return 1; }, sums.taps.data());
  return sums;
}

std::vector<double> reference_values(const Problem& p, const PassOperands& operands) {
  const std::int64_t plane = p.out_height * p.out_width;
  std::vector<double> values(at(p.outputs()));
  const QuantisedTensor &m = *operands.moving, &s = *operands.stationary;
  const auto add = [&](const IntegerSums& sums, std::int64_t g, std::int64_t scale_index, std::int64_t b,
                       std::int64_t f, std::size_t product, std::size_t moving, std::size_t stationary) {
    const double sm = m.scale[0], zm = m.offset[0], ss = scale_at(s.scale, scale_index),
                 zs = scale_at(s.offset, scale_index);
    double* out = &values[at(((b * p.groups + g) * p.filters + f) * plane)];
    for (std::size_t i = 0; i < at(plane); ++i) {
      out[i] += sm * ss * static_cast<double>(sums.products[product + i]) +
                sm * zs * static_cast<double>(sums.moving[moving + i]) +
                ss * zm * static_cast<double>(sums.stationary[stationary + i]) +
                zm * zs * static_cast<double>(sums.taps[i]);
    }
  };
  if (p.scale_per_channel) {
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (std::int64_t c = 0; c < p.channels; ++c) {
        const IntegerSums sums = reference_group_sums(p, operands, g, c);
        for (std::int64_t b = 0; b < p.batch; ++b)
          for (std::int64_t f = 0; f < p.filters; ++f) {
            add(sums, g, g * p.channels + c, b, f, at((b * p.filters + f) * plane), at(b * plane), at(f * plane));
          }
      }
    return values;
  }
  const IntegerSums sums = reference_sums(p, operands);
  for (std::int64_t b = 0; b < p.batch; ++b)
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (std::int64_t f = 0; f < p.filters; ++f) {
        add(sums, g, g * p.filters + f, b, f, at(((b * p.groups + g) * p.filters + f) * plane),
            at((b * p.groups + g) * plane), at((g * p.filters + f) * plane));
      }
  return values;
}

}  // namespace ldpsim
