// SPDX-License-Identifier: Apache-2.0
#include "frontend/quant/quantiser.hpp"

#include <ATen/ATen.h>
#include <torch/types.h>

#include <fmt/format.h>

#include "frontend/quant/tensors.hpp"
#include "frontend/scale/ensemble.hpp"
#include "sim/core/error.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::quant {
namespace {

thread_local conv::Scratch activation_scratch, gradient_scratch;

float checked_span(const Range& range, const Site& site, const char* tensor) {
  if (!range.finite) {
    throw UserError(site.where, fmt::format("the {} has NaN or infinite values", tensor),
                    "training diverged; try a smaller --lr");
  }
  const float span = range.high - range.low;
  if (span - span != 0) {
    throw UserError(site.where,
                    fmt::format("the range of the {}, {} to {}, exceeds float32", tensor, range.low, range.high),
                    "training diverged; try a smaller --lr");
  }
  return span;
}

/// The range of the parts that all processes have of a tensor.
Range shared(const Range& part) {
  if (scale::ensemble().alone()) return part;
  at::Tensor ends = torch::tensor({-part.low, part.high, part.finite ? 0.0f : 1.0f});
  scale::ensemble().largest(ends);
  const float* end = ends.data_ptr<float>();
  return {-end[0], end[1], end[2] == 0};
}

/// From the mean of the samples' smallest elements to that of their largest, over all processes.
Range mean_range(const at::Tensor& x) {
  double low = 0, high = 0, wrong = 0;
  for (const Range& sample : ranges_of(x, x.size(0))) {
    low += static_cast<double>(sample.low);
    high += static_cast<double>(sample.high);
    wrong += sample.finite ? 0 : 1;
  }
  at::Tensor sums = torch::tensor({low, high, wrong, static_cast<double>(x.size(0))}, at::kDouble);
  scale::ensemble().sum(sums);
  const double* sum = sums.data_ptr<double>();
  return {static_cast<float>(sum[0] / sum[3]), static_cast<float>(sum[1] / sum[3]), sum[2] == 0};
}

/// The place of a part's first element in the tensor of the whole batch.
std::int64_t first_element(const at::Tensor& part, const Site& site, std::int64_t first_sample) {
  return (site.first_sample + first_sample) * (part.numel() / part.size(0));
}

/// Another stream than that of the gradient.
std::uint64_t activation_key(const Site& site) { return Random(site.rounding_key).next(); }

/// A tensor with the four dimensions that traces have: an operand of a linear layer [N, T, C] is N, C, T, 1 in them.
at::Tensor four_dimensions(const at::Tensor& tensor) {
  if (tensor.dim() == 4) return tensor;
  return tensor.dim() == 2 ? tensor.unsqueeze(-1).unsqueeze(-1) : tensor.transpose(1, 2).unsqueeze(-1);
}

/// Codes that lie in memory as `tensor` does, put into the order of its dimensions.
std::vector<std::uint16_t> in_trace_order(const std::vector<std::uint16_t>& codes, const at::Tensor& tensor) {
  const auto sizes = tensor.sizes(), strides = tensor.strides();
  std::vector<std::uint16_t> ordered;
  ordered.reserve(codes.size());
  for (std::int64_t n = 0; n < sizes[0]; ++n) {
    for (std::int64_t c = 0; c < sizes[1]; ++c) {
      for (std::int64_t y = 0; y < sizes[2]; ++y) {
        for (std::int64_t x = 0; x < sizes[3]; ++x) {
          ordered.push_back(
              codes[static_cast<std::size_t>(n * strides[0] + c * strides[1] + y * strides[2] + x * strides[3])]);
        }
      }
    }
  }
  return ordered;
}

/// Encodes `tensor`, moved to the CPU, with one grid for each of `grids.size()` equal parts of its memory.
template <typename Encode>
CapturedTensor captured(const at::Tensor& tensor, std::vector<Grid> grids, const Encode& encode) {
  const at::Tensor values = tensor.cpu();
  std::vector<std::uint16_t> codes(static_cast<std::size_t>(values.numel()));
  const std::int64_t length = values.numel() / static_cast<std::int64_t>(grids.size());
  for (std::size_t i = 0; i < grids.size(); ++i) {
    const std::int64_t first = static_cast<std::int64_t>(i) * length;
    encode(values.data_ptr<float>() + first, length, grids[i], codes.data() + first);
  }
  const at::Tensor shaped = four_dimensions(values);
  return {grids[0].bits, shaped.sizes().vec(), grids, in_trace_order(codes, shaped)};
}

at::Tensor captured_samples(const at::Tensor& tensor, const Site& site) {
  return tensor.narrow(0, 0, std::min(site.capture->images, tensor.size(0)));
}

auto stochastic_encoder(std::uint64_t key) {
  return [key](const float* values, std::int64_t count, const Grid& grid, std::uint16_t* codes) {
    encode_stochastic(values, count, grid, key, codes);
  };
}

}  // namespace

at::Tensor dense(const at::Tensor& tensor) { return tensor.contiguous(tensor.suggest_memory_format()); }

void choose_activation_grid(const at::Tensor& x, Site& site) {
  if (!site.training) {
    site.activation_grid = make_grid(site.running_low, site.running_span, site.activation_bits);
    return;
  }
  const Range range = site.scheme.mean_range ? mean_range(x) : shared(range_of(x));
  const float span = checked_span(range, site, "activation");
  site.running_low = moved_mean(site.running_low, range.low, site.scheme);
  site.running_span = moved_mean(site.running_span, span, site.scheme);
  site.activation_grid = make_grid(range.low, span, site.activation_bits);
}

conv::Operand quantised_activation(const at::Tensor& x, const Site& site) {
  return {x, activation_scratch, [&site](std::int64_t first, const at::Tensor& from, const at::Tensor& to) {
            if (site.scheme.stochastic_activations) {
              quantise_stochastic(from, site.activation_grid, activation_key(site), to,
                                  first_element(from, site, first));
            } else {
              quantise_nearest(from, {&site.activation_grid, 1}, to);
            }
          }};
}

at::Tensor quantise_weight(const at::Tensor& weight, Site& site) {
  at::Tensor quantised = at::empty_like(weight);
  site.weight_grids.clear();
  for (const Range& range : ranges_of(weight, site.weight_per_channel ? weight.size(0) : 1))
    site.weight_grids.push_back(make_grid(range.low, checked_span(range, site, "weight"), site.weight_bits));
  quantise_nearest(weight, site.weight_grids, quantised);
  return quantised;
}

at::Tensor quantise_vector(const at::Tensor& values, int bits, const Site& site, const char* name) {
  const Range range = range_of(values);
  const Grid grid = make_grid(range.low, checked_span(range, site, name), bits);
  at::Tensor quantised = at::empty_like(values);
  quantise_nearest(values, {&grid, 1}, quantised);
  return quantised;
}

conv::Operand quantised_gradient(const at::Tensor& gradient, Site& site) {
  const Range range = shared(range_of(gradient));
  const float span = checked_span(range, site, "gradient");
  if (site.gradient_bits == 0) return conv::Operand(gradient);
  const Grid grid = make_grid(range.low, span, site.gradient_bits);
  if (site.capture) {
    site.capture->gradient = captured(captured_samples(gradient, site), {grid}, stochastic_encoder(site.rounding_key));
  }
  return {gradient, gradient_scratch, [&site, grid](std::int64_t first, const at::Tensor& from, const at::Tensor& to) {
            quantise_stochastic(from, grid, site.rounding_key, to, first_element(from, site, first));
          }};
}

void capture_forward(const at::Tensor& x, const at::Tensor& weight, Site& site) {
  if (!site.capture || !site.training) return;
  const at::Tensor samples = captured_samples(x, site);
  site.capture->activation = site.scheme.stochastic_activations
                                 ? captured(samples, {site.activation_grid}, stochastic_encoder(activation_key(site)))
                                 : captured(samples, {site.activation_grid}, encode_nearest);
  site.capture->weight = captured(weight, site.weight_grids, encode_nearest);
}

}  // namespace ldpsim::quant
