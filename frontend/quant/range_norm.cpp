// SPDX-License-Identifier: Apache-2.0
#include "frontend/quant/range_norm.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "frontend/scale/ensemble.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::quant {
namespace {

constexpr double kEpsilon = 1e-5;

/// [N, C, H, W] as a matrix with a column for each channel: the memory itself where that has channels last.
at::Tensor rows_of(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).reshape({-1, x.size(1)}); }

at::Tensor channel_sums(const at::Tensor& rows) { return rows.sum({0}, /*keepdim=*/false, at::kDouble); }

/// The range of n normally distributed values in units of their deviation, inverted, as the paper approximates it.
double range_factor(double values) {
  return 0.5 * 0.35 * (1 + std::sqrt(std::numbers::pi * std::log(4.0))) / std::sqrt(2 * std::log(values));
}

/// Over processes, which talk on the CPU. A new tensor: the own part is still needed.
at::Tensor shared_sum(const at::Tensor& values) {
  if (scale::ensemble().alone()) return values;
  at::Tensor sums = values.cpu().clone();
  scale::ensemble().sum(sums);
  return sums.to(values.device());
}
at::Tensor shared_largest(const at::Tensor& values) {
  if (scale::ensemble().alone()) return values;
  at::Tensor largest = values.cpu().clone();
  scale::ensemble().largest(largest);
  return largest.to(values.device());
}

/// Rows of all processes.
std::int64_t shared_count(std::int64_t own) {
  at::Tensor count = at::full({1}, static_cast<double>(own), at::kDouble);
  scale::ensemble().sum(count);
  return static_cast<std::int64_t>(count.item<double>());
}

/// Where this process's rows lie among those of the whole batch.
struct Place {
  std::int64_t first = 0, own = 0, whole = 0;
};

/// Largest and smallest values of the chunks.
struct Extremes {
  at::Tensor range;      ///< [C]: mean over the chunks of largest less smallest
  at::Tensor positions;  ///< [2 * chunks, C]: own row of each chunk's largest, then smallest value; 0 where not owned
  at::Tensor owned;      ///< [2 * chunks, C]: whether this process has it
};

/// Of several equal ones the first counts. Smallest values are largest negated ones.
Extremes extremes_of(const at::Tensor& rows, const Place& place) {
  const double none = -std::numeric_limits<double>::infinity();
  const std::int64_t channels = rows.size(1);
  const auto options = rows.options();
  at::Tensor values = at::full({2 * kNormChunks, channels}, none, options.dtype(at::kDouble)),
             positions = at::zeros({2 * kNormChunks, channels}, options.dtype(at::kLong));
  for (std::int64_t k = 0; k < kNormChunks; ++k) {
    const std::int64_t begin = std::max(k * place.whole / kNormChunks - place.first, std::int64_t{0}),
                       end = std::min((k + 1) * place.whole / kNormChunks - place.first, place.own);
    if (begin >= end) continue;
    const at::Tensor chunk = rows.narrow(0, begin, end - begin);
    const auto [high, high_at] = chunk.max(0);
    const auto [low, low_at] = chunk.min(0);
    values[k].copy_(high);
    values[kNormChunks + k].copy_(-low);
    positions[k].copy_(high_at + begin);
    positions[kNormChunks + k].copy_(low_at + begin);
  }
  const at::Tensor largest = shared_largest(values), found = values.eq(largest),
                   order = (positions + place.first).neg().to(at::kDouble).masked_fill(found.logical_not(), none);
  const at::Tensor range =
      (largest.narrow(0, 0, kNormChunks) + largest.narrow(0, kNormChunks, kNormChunks)).mean(0).to(at::kFloat);
  return {range, positions, order.eq(shared_largest(order)).logical_and(found)};
}

/// Rows as [N, C, H, W] of the given sizes, channels last.
at::Tensor image_of(const at::Tensor& rows, at::IntArrayRef sizes) {
  return rows.view({sizes[0], sizes[2], sizes[3], sizes[1]}).permute({0, 3, 1, 2});
}

/// Not a view: whoever gets it may change it in place.
at::Tensor normalised(const at::Tensor& rows, at::IntArrayRef sizes, const at::Tensor& mean, const at::Tensor& inverse,
                      const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor image = at::empty(sizes, rows.options(), at::MemoryFormat::ChannelsLast), out = rows_of(image);
  at::sub_out(out, rows, mean);
  out.mul_(inverse).mul_(weight).add_(bias);
  return image;
}

at::Tensor quantised_rows(const at::Tensor& x, Site& site) {
  choose_activation_grid(x, site);
  return rows_of(quantised_activation(x, site).whole().clone());  // autograd may keep it
}

at::Tensor quantised_vector(const at::Tensor& values, const Site& site, const char* name) {
  return quantise_vector(values.contiguous(), site.activation_bits, site, name);
}

class RangeNorm : public torch::autograd::Function<RangeNorm> {
 public:
  using Context = torch::autograd::AutogradContext;

  static at::Tensor forward(Context* context, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            const at::Tensor& running_mean, const at::Tensor& running_inverse, Site* site) {
    const at::Tensor rows = quantised_rows(x, *site);
    const Place place{site->first_sample * x.size(2) * x.size(3), rows.size(0), shared_count(rows.size(0))};
    if (place.whole < kMinNormValues) {
      throw UserError(site->where,
                      fmt::format("Range BN has {} values a channel; it needs {}", place.whole, kMinNormValues),
                      "use a larger --batch or --image-size");
    }
    const auto whole = static_cast<double>(place.whole);
    const double factor = range_factor(whole / kNormChunks);
    const at::Tensor mean = (shared_sum(channel_sums(rows)) / whole).to(at::kFloat);
    const Extremes extremes = extremes_of(rows, place);
    const at::Tensor inverse = (extremes.range * factor + kEpsilon).reciprocal();
    running_mean.mul_(site->scheme.kept).add_(mean, site->scheme.taken);
    running_inverse.mul_(site->scheme.kept).add_(inverse, site->scheme.taken);
    const at::Tensor coarse_inverse = quantised_vector(inverse, *site, "inverse deviation"),
                     coarse_weight = quantised_vector(weight, *site, "normalisation's weight");
    context->save_for_backward(
        {rows, mean, inverse, coarse_inverse, coarse_weight, extremes.positions, extremes.owned});
    context->saved_data["site"] = reinterpret_cast<std::int64_t>(site);
    context->saved_data["factor"] = factor;
    context->saved_data["whole"] = whole;
    const at::Tensor coarse_bias = quantised_vector(bias, *site, "normalisation's bias");
    return normalised(rows, x.sizes(), mean, coarse_inverse, coarse_weight, coarse_bias);
  }

  /// Quantisers pass gradients unchanged; largest and smallest values pass theirs to where they were found.
  static torch::autograd::variable_list backward(Context* context, torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &rows = saved[0], &mean = saved[1], &inverse = saved[2], &coarse_inverse = saved[3],
                     &coarse_weight = saved[4], &positions = saved[5], &owned = saved[6];
    Site& site = *reinterpret_cast<Site*>(context->saved_data["site"].toInt());
    const at::Tensor image = gradients[0].contiguous(at::MemoryFormat::ChannelsLast),
                     gradient = rows_of(quantised_gradient(image, site).whole());
    const std::int64_t channels = rows.size(1);
    const at::Tensor to_bias = channel_sums(gradient), centred_sum = channel_sums(gradient * (rows - mean)),
                     sums = shared_sum(at::cat({to_bias, centred_sum}));
    const at::Tensor to_mean = -sums.narrow(0, 0, channels) * coarse_weight * coarse_inverse,
                     to_inverse = sums.narrow(0, channels, channels) * coarse_weight;
    const double factor = context->saved_data["factor"].toDouble(), whole = context->saved_data["whole"].toDouble();
    const at::Tensor to_extreme = (to_inverse * inverse.square() * (-factor / kNormChunks)).to(at::kFloat);
    at::Tensor to_rows = (gradient * (coarse_weight * coarse_inverse)).add_((to_mean / whole).to(at::kFloat));
    const at::Tensor signs =
        at::cat({at::ones({kNormChunks, 1}, rows.options()), at::full({kNormChunks, 1}, -1, rows.options())});
    to_rows.scatter_add_(0, positions, to_extreme.unsqueeze(0) * signs * owned);
    const at::Tensor none;
    return {image_of(to_rows, image.sizes()),
            (centred_sum * coarse_inverse).to(at::kFloat),
            to_bias.to(at::kFloat),
            none,
            none,
            none};
  }
};

}  // namespace

at::Tensor range_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const at::Tensor& running_mean, const at::Tensor& running_inverse, Site& site) {
  const at::Tensor image = x.contiguous(at::MemoryFormat::ChannelsLast);
  if (site.training) return RangeNorm::apply(image, weight, bias, running_mean, running_inverse, &site);
  return normalised(quantised_rows(image, site), x.sizes(), running_mean,
                    quantised_vector(running_inverse, site, "inverse deviation"),
                    quantised_vector(weight, site, "normalisation's weight"),
                    quantised_vector(bias, site, "normalisation's bias"));
}

}  // namespace ldpsim::quant
