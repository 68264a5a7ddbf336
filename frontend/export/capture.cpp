// SPDX-License-Identifier: Apache-2.0
#include "frontend/export/capture.hpp"

#include <ATen/ATen.h>

namespace ldpsim::capture {
namespace {

at::Tensor dequantised(const quant::CapturedTensor& tensor) {
  at::Tensor values = at::empty(tensor.shape, at::kDouble);
  double* out = values.data_ptr<double>();
  const std::size_t length = tensor.codes.size() / tensor.grids.size();
  for (std::size_t i = 0; i < tensor.codes.size(); ++i) {
    const quant::Grid& grid = tensor.grids[i / length];
    out[i] = static_cast<double>(tensor.codes[i]) * static_cast<double>(grid.scale) + static_cast<double>(grid.offset);
  }
  return values;
}

/// An entry for one tensor of one layer in one iteration.
struct Place {
  TraceWriter& trace;
  std::int64_t iteration, layer;

  void add(const char* name, const quant::CapturedTensor& tensor) const {
    TraceOperand operand{iteration, layer, name, tensor.bits, tensor.shape};
    for (const quant::Grid& grid : tensor.grids) {
      operand.scale.push_back(static_cast<double>(grid.scale));
      operand.offset.push_back(static_cast<double>(grid.offset));
    }
    operand.codes = tensor.codes;
    trace.add(operand);
  }

  void add(const char* name, const at::Tensor& result) const {
    TraceOperand operand{iteration, layer, name, 64, result.sizes().vec()};
    const at::Tensor values = result.contiguous();
    operand.values.assign(values.data_ptr<double>(), values.data_ptr<double>() + values.numel());
    trace.add(operand);
  }
};

}  // namespace

void add_operands(TraceWriter& trace, std::int64_t iteration, std::int64_t layer, const quant::Site& site, bool first) {
  const Place place{trace, iteration, layer};
  const quant::CapturedOperands& operands = *site.capture;
  place.add("weight", operands.weight);
  place.add("activation", operands.activation);
  place.add("gradient", operands.gradient);

  at::NoGradGuard no_grad;
  const at::Tensor weight = dequantised(operands.weight), activation = dequantised(operands.activation);
  const at::Tensor gradient = dequantised(operands.gradient);
  place.add("forward", at::conv2d(activation, weight, {}, site.stride, site.padding, 1, site.groups));
  const auto [data, weights, bias] = at::convolution_backward(
      gradient, activation, weight, c10::nullopt, {site.stride, site.stride}, {site.padding, site.padding}, {1, 1},
      /*transposed=*/false, {0, 0}, site.groups, {!first, true, false});
  if (!first) place.add("backward_data", data);
  place.add("backward_weight", weights);
}

}  // namespace ldpsim::capture
