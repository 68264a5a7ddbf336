// SPDX-License-Identifier: Apache-2.0
#include "frontend/quant/tensors.hpp"

#include <ATen/ATen.h>

namespace ldpsim::quant {
namespace in_operations {
namespace {

constexpr std::int64_t kWord = 0xFFFFFFFF;

/// The memory of a tensor as a matrix, a row for each part.
at::Tensor rows_of(const at::Tensor& values, std::int64_t parts) {
  const std::int64_t length = values.numel() / parts;
  return values.as_strided({parts, length}, {length, 1});
}

/// A column with a number of each grid, on the device of `like`. A tensor, not a number: some devices divide by a
/// number through its reciprocal, which rounds otherwise.
at::Tensor column(std::span<const Grid> grids, float Grid::*member, const at::Tensor& like) {
  at::Tensor values = at::empty({static_cast<std::int64_t>(grids.size()), 1});
  for (std::size_t i = 0; i < grids.size(); ++i) values.data_ptr<float>()[i] = grids[i].*member;
  return values.to(like.device());
}

at::Tensor right(const at::Tensor& x, std::int64_t by) { return at::bitwise_right_shift(x, by); }

/// x * factor modulo 2^32, of a factor below 2^32, without leaving 64 bits.
at::Tensor times(const at::Tensor& x, std::int64_t factor) {
  const at::Tensor high = (right(x, 16) * factor).bitwise_and(0xFFFF);
  return (x.bitwise_and(0xFFFF) * factor + at::bitwise_left_shift(high, 16)).bitwise_and(kWord);
}

at::Tensor shift_and_mix(const at::Tensor& x, std::int64_t by) { return x.bitwise_xor(right(x, by)); }

/// noise() of kernels.hpp for `count` elements.
at::Tensor noise_of(std::int64_t count, std::uint64_t key, std::int64_t first, const at::Tensor& like) {
  const auto low = static_cast<std::int64_t>(key & kWord), high = static_cast<std::int64_t>(key >> 32);
  at::Tensor x = at::arange(first, first + count, like.options().dtype(at::kLong)).bitwise_and(kWord);
  x = (times(x, 0x9E3779B9) + low).bitwise_and(kWord);
  x = times(shift_and_mix(x, 16), 0x7FEB352D);
  x = (shift_and_mix(x, 15) + high).bitwise_and(kWord);
  x = shift_and_mix(times(x, 0x846CA68B), 16);
  return right(x, 8).to(at::kFloat).mul_(0x1p-24).sub_(0.5);
}

/// Rounds positions on the grids, in steps, and multiplies them out.
void place(at::Tensor steps, std::span<const Grid> grids, const at::Tensor& scale, const at::Tensor& offset,
           const at::Tensor& out) {
  constexpr double kRoundToInteger = 12582912;  // as the kernel: -0 becomes +0, too
  steps.clamp_(0, grids[0].top()).add_(kRoundToInteger).sub_(kRoundToInteger);
  rows_of(out, scale.size(0)).copy_(steps.mul_(scale).add_(offset));
}

}  // namespace

std::vector<Range> ranges_of(const at::Tensor& values, std::int64_t parts) {
  const at::Tensor rows = rows_of(values, parts);
  const at::Tensor ends =
      at::stack({rows.amin(1), rows.amax(1), rows.isfinite().all(1).to(at::kFloat)}, 1).to(at::kCPU);
  std::vector<Range> ranges;
  const float* end = ends.data_ptr<float>();
  for (std::int64_t part = 0; part < parts; ++part, end += 3) ranges.push_back({end[0], end[1], end[2] == 1});
  return ranges;
}

void quantise_nearest(const at::Tensor& values, std::span<const Grid> grids, const at::Tensor& out) {
  const at::Tensor scale = column(grids, &Grid::scale, values), offset = column(grids, &Grid::offset, values);
  place((rows_of(values, scale.size(0)) - offset).div_(scale), grids, scale, offset, out);
}

void quantise_stochastic(const at::Tensor& values, const Grid& grid, std::uint64_t key, const at::Tensor& out,
                         std::int64_t first) {
  const std::span<const Grid> grids(&grid, 1);
  const at::Tensor scale = column(grids, &Grid::scale, values), offset = column(grids, &Grid::offset, values);
  const at::Tensor noise = noise_of(values.numel(), key, first, values);
  place((rows_of(values, 1) - offset).div_(scale).add_(noise), grids, scale, offset, out);
}

double error_product(const at::Tensor& gradient, const at::Tensor& quantised, const at::Tensor& values) {
  return (gradient * (quantised - values)).sum(at::kDouble).item<double>();
}

}  // namespace in_operations

std::vector<Range> ranges_of(const at::Tensor& values, std::int64_t parts) {
  if (!values.is_cpu()) return in_operations::ranges_of(values, parts);
  const std::int64_t length = values.numel() / parts;
  std::vector<Range> ranges;
  for (std::int64_t part = 0; part < parts; ++part)
    ranges.push_back(find_range(values.data_ptr<float>() + part * length, length));
  return ranges;
}

Range range_of(const at::Tensor& values) { return ranges_of(values, 1)[0]; }

void quantise_nearest(const at::Tensor& values, std::span<const Grid> grids, const at::Tensor& out) {
  if (!values.is_cpu()) return in_operations::quantise_nearest(values, grids, out);
  const std::int64_t length = values.numel() / static_cast<std::int64_t>(grids.size());
  for (std::size_t part = 0; part < grids.size(); ++part) {
    const std::int64_t first = static_cast<std::int64_t>(part) * length;
    quantise_nearest(values.data_ptr<float>() + first, length, grids[part], out.data_ptr<float>() + first);
  }
}

void quantise_stochastic(const at::Tensor& values, const Grid& grid, std::uint64_t key, const at::Tensor& out,
                         std::int64_t first) {
  if (!values.is_cpu()) return in_operations::quantise_stochastic(values, grid, key, out, first);
  quantise_stochastic(values.data_ptr<float>(), values.numel(), grid, key, out.data_ptr<float>(), first);
}

double error_product(const at::Tensor& gradient, const at::Tensor& quantised, const at::Tensor& values) {
  if (!values.is_cpu()) return in_operations::error_product(gradient, quantised, values);
  return error_product(gradient.data_ptr<float>(), quantised.data_ptr<float>(), values.data_ptr<float>(),
                       values.numel());
}

}  // namespace ldpsim::quant
