// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/problem.hpp"

#include <array>
#include <utility>

#include "sim/core/error.hpp"
#include "sim/core/math.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

constexpr std::array kPasses{std::pair{Pass::kForward, "forward"}, std::pair{Pass::kBackwardData, "backward_data"},
                             std::pair{Pass::kBackwardWeight, "backward_weight"}};

/// Strides of the three tensors of a layer in row-major order.
struct LayerTensors {
  std::int64_t in_per_group, out_per_group, in_plane, in_image, out_plane, out_image, taps, filter;
  explicit LayerTensors(const Layer& layer)
      : in_per_group(layer.in_channels / layer.groups),
        out_per_group(layer.out_channels / layer.groups),
        in_plane(layer.in_height * layer.in_width),
        in_image(layer.in_channels * in_plane),
        out_plane(layer.out_height() * layer.out_width()),
        out_image(layer.out_channels * out_plane),
        taps(layer.kernel_height * layer.kernel_width),
        filter(in_per_group * taps) {}
};

Problem forward(const Layer& layer, std::int64_t batch) {
  const LayerTensors t(layer);
  Problem p;
  p.batch = batch;
  p.filters = t.out_per_group;
  p.channels = t.in_per_group;
  p.out_height = layer.out_height();
  p.out_width = layer.out_width();
  p.kernel_height = layer.kernel_height;
  p.kernel_width = layer.kernel_width;
  p.stride = layer.stride;
  p.dilation = layer.dilation;
  p.pad_y = p.pad_x = layer.padding;
  p.in_height = layer.in_height;
  p.in_width = layer.in_width;
  p.moving = {
      .batch = t.in_image, .group = t.in_per_group * t.in_plane, .channel = t.in_plane, .y = layer.in_width, .x = 1};
  p.stationary = {
      .group = t.out_per_group * t.filter, .filter = t.filter, .channel = t.taps, .y = layer.kernel_width, .x = 1};
  p.output = {
      .batch = t.out_image, .group = t.out_per_group * t.out_plane, .filter = t.out_plane, .y = p.out_width, .x = 1};
  return p;
}

/// dX[y] = sum over r of w[r] * dY'[y + pad - r*dilation], dY' with stride-1 zeros inserted; ky = R-1-r makes it a
/// convolution.
Problem backward_data(const Layer& layer, std::int64_t batch) {
  const LayerTensors t(layer);
  Problem p;
  p.batch = batch;
  p.filters = t.in_per_group;
  p.channels = t.out_per_group;
  p.out_height = layer.in_height;
  p.out_width = layer.in_width;
  p.kernel_height = layer.kernel_height;
  p.kernel_width = layer.kernel_width;
  p.dilation = layer.dilation;
  p.pad_y = layer.dilation * (layer.kernel_height - 1) - layer.padding;
  p.pad_x = layer.dilation * (layer.kernel_width - 1) - layer.padding;
  p.insertion = layer.stride;
  p.in_height = layer.out_height();
  p.in_width = layer.out_width();
  p.moving = {
      .batch = t.out_image, .group = t.out_per_group * t.out_plane, .channel = t.out_plane, .y = p.in_width, .x = 1};
  p.stationary = {.origin = t.taps - 1,
                  .group = t.out_per_group * t.filter,
                  .filter = t.taps,
                  .channel = t.filter,
                  .y = -layer.kernel_width,
                  .x = -1};
  p.output = {
      .batch = t.in_image, .group = t.in_per_group * t.in_plane, .filter = t.in_plane, .y = p.out_width, .x = 1};
  return p;
}

/// dW[k, c, r, s] = sum over n, p, q of x[n, c, r*dilation + p*stride - pad, ...] * dY[n, k, p, q]: a convolution with
/// the roles of samples and channels exchanged, stride and dilation likewise.
Problem backward_weight(const Layer& layer, std::int64_t batch) {
  const LayerTensors t(layer);
  Problem p;
  p.batch = t.in_per_group;
  p.filters = t.out_per_group;
  p.channels = batch;
  p.out_height = layer.kernel_height;
  p.out_width = layer.kernel_width;
  p.kernel_height = layer.out_height();
  p.kernel_width = layer.out_width();
  p.stride = layer.dilation;
  p.dilation = layer.stride;
  p.pad_y = p.pad_x = layer.padding;
  p.in_height = layer.in_height;
  p.in_width = layer.in_width;
  p.moving = {
      .batch = t.in_plane, .group = t.in_per_group * t.in_plane, .channel = t.in_image, .y = layer.in_width, .x = 1};
  p.stationary = {.group = t.out_per_group * t.out_plane,
                  .filter = t.out_plane,
                  .channel = t.out_image,
                  .y = p.kernel_width,
                  .x = 1};
  p.output = {.batch = t.taps, .group = t.out_per_group * t.filter, .filter = t.filter, .y = p.out_width, .x = 1};
  return p;
}

/// One axis of one phase: the outputs first, first+step, ... meet the taps tap_first, tap_first+tap_step, ... and those
/// alone.
struct PhaseAxis {
  std::int64_t out_first = 0, outs = 0, tap_first = 0, tap_step = 1, taps = 0, pad = 0, dilation = 1;
};

/// With insertion s and tap spacing d, output oy meets tap ky in a real gradient iff oy + ky*d - pad = 0 mod s.
PhaseAxis phase_axis(std::int64_t phase, std::int64_t insertion, std::int64_t outs, std::int64_t taps, std::int64_t pad,
                     std::int64_t dilation) {
  PhaseAxis axis;
  axis.out_first = phase;
  axis.outs = phase < outs ? (outs - 1 - phase) / insertion + 1 : 0;
  std::vector<std::int64_t> met;
  for (std::int64_t ky = 0; ky < taps; ++ky) {
    if ((((phase + ky * dilation - pad) % insertion) + insertion) % insertion == 0) met.push_back(ky);
  }
  axis.taps = static_cast<std::int64_t>(met.size());
  if (met.empty()) return axis;
  axis.tap_first = met.front();
  axis.tap_step = met.size() > 1 ? met[1] - met[0] : 1;  // equal steps: the condition is periodic in ky
  // (phase + j*s + (first + i*step)*d - pad) / s = j + i*(step*d/s) - (pad - phase - first*d)/s
  axis.pad = (pad - phase - axis.tap_first * dilation) / insertion;
  axis.dilation = met.size() > 1 ? axis.tap_step * dilation / insertion : 1;
  return axis;
}

std::vector<Problem> phases_of(const Problem& whole) {
  std::vector<Problem> phases;
  for (std::int64_t py = 0; py < whole.insertion; ++py) {
    for (std::int64_t px = 0; px < whole.insertion; ++px) {
      const PhaseAxis y =
          phase_axis(py, whole.insertion, whole.out_height, whole.kernel_height, whole.pad_y, whole.dilation);
      const PhaseAxis x =
          phase_axis(px, whole.insertion, whole.out_width, whole.kernel_width, whole.pad_x, whole.dilation);
      if (y.outs == 0 || x.outs == 0 || y.taps == 0 || x.taps == 0) continue;  // such inputs have gradient zero
      Problem p = whole;
      p.insertion = 1;
      p.out_height = y.outs;
      p.out_width = x.outs;
      p.kernel_height = y.taps;
      p.kernel_width = x.taps;
      p.pad_y = y.pad;
      p.pad_x = x.pad;
      p.dilation = y.taps > 1 ? y.dilation : x.dilation;
      p.stationary.origin += y.tap_first * whole.stationary.y + x.tap_first * whole.stationary.x;
      p.stationary.y *= y.tap_step;
      p.stationary.x *= x.tap_step;
      p.output.origin += y.out_first * whole.output.y + x.out_first * whole.output.x;
      p.output.y *= whole.insertion;
      p.output.x *= whole.insertion;
      phases.push_back(p);
    }
  }
  return phases;
}

}  // namespace

const char* name_of(Pass pass) {
  for (const auto& [value, name] : kPasses) {
    if (value == pass) return name;
  }
  throw InternalError("pass without a name");
}

Pass pass_of(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const auto& [value, known] : kPasses) {
    if (name == known) return value;
    names.emplace_back(known);
  }
  throw UserError(where, "unknown pass '" + name + "'", allowed_hint(name, names));
}

PassBits pass_bits(Pass pass, const LayerBits& bits) {
  switch (pass) {
    case Pass::kForward:
      return {.moving = bits.activation, .stationary = bits.weight};
    case Pass::kBackwardData:
      return {.moving = bits.gradient, .stationary = bits.weight};
    case Pass::kBackwardWeight:
      return {.moving = bits.activation, .stationary = bits.gradient};
  }
  throw InternalError("pass out of range");
}

bool reads_network_input(const Network& network, std::size_t index) {
  constexpr std::int64_t kPictureChannels = 4;
  if (index == 0) return true;
  const Layer& first = network.layers.front();
  const Layer& layer = network.layers[index];
  return layer.kind == LayerKind::kConv && first.kind == LayerKind::kConv && layer.in_channels <= kPictureChannels &&
         layer.in_channels == first.in_channels && layer.in_height == first.in_height &&
         layer.in_width == first.in_width;
}

std::vector<Problem> lower(const Layer& layer, Pass pass, std::int64_t batch, InsertedZeros zeros,
                           bool weight_scale_per_channel) {
  // A product of two activations shares no operand between samples: each sample (of grouped products each group of each
  // sample) is a group by itself. Samples lie one after the other in all three tensors, as groups do.
  const bool is_matmul = layer.kind == LayerKind::kMatmul;
  const std::int64_t together = is_matmul ? 1 : batch;
  Problem p = pass == Pass::kForward        ? forward(layer, together)
              : pass == Pass::kBackwardData ? backward_data(layer, together)
                                            : backward_weight(layer, together);
  p.pass = pass;
  p.kind = layer.kind;
  p.groups = layer.groups * (batch / together);
  p.scale_per_channel = pass == Pass::kBackwardData && weight_scale_per_channel && !is_matmul;
  if (zeros == InsertedZeros::kSkip && p.insertion > 1) return phases_of(p);
  return {p};
}

}  // namespace ldpsim
