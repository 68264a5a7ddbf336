// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ldpsim::conv {

/// A convolution with the same stride and padding in both dimensions.
struct Geometry {
  std::int64_t stride = 1, padding = 0, groups = 1;
};

struct Wanted {
  bool x = false, weight = false, bias = false;
};
/// Undefined where not wanted.
struct Gradients {
  at::Tensor x, weight, bias;
};

/// y of x [N, C, H, W], weight [K, C / groups, R, S] and bias [K] or none; not seen by autograd.
at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry);
Gradients backward(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight, const Geometry& geometry,
                   Wanted wanted);

/// The same as an operation of autograd.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry);

}  // namespace ldpsim::conv
