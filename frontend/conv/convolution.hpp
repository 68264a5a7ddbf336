// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "frontend/conv/operand.hpp"

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

/// Called with the gradient of x, samples from `first` on, and with the part of x that it belongs to, once for each
/// part of the batch.
using Done = std::function<void(std::int64_t first, const at::Tensor& to_x, const at::Tensor& x)>;

/// y of x [N, C, H, W], weight [K, C / groups, R, S] and bias [K] or none; not seen by autograd.
at::Tensor forward(const Operand& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry);
Gradients backward(const Operand& gradient, const Operand& x, const at::Tensor& weight, const Geometry& geometry,
                   Wanted wanted, const Done& done = {});

/// The same as an operation of autograd.
at::Tensor convolve(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Geometry& geometry);

}  // namespace ldpsim::conv
