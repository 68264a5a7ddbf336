// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frontend/quant/kernels.hpp"

namespace ldpsim::quant {

/// Codes of one tensor as the training step used them, elements in the order of the trace: N, C, H, W or K, C, R, S; of
/// a linear layer over tokens, H are the tokens and W is 1.
struct CapturedTensor {
  int bits = 0;
  std::vector<std::int64_t> shape;
  std::vector<Grid> grids;  ///< one, or one an output channel
  std::vector<std::uint16_t> codes;
};

/// The operands of one layer in one iteration, of its first `images` samples.
struct CapturedOperands {
  std::int64_t images = 1;
  CapturedTensor weight, activation, gradient;
};

/// Everything one quantised layer needs and reports besides its tensors. Set the first group before each forward
/// pass; the object must live until the backward pass is over.
struct Site {
  std::string where;                                            ///< of error messages: iteration and layer
  std::int64_t stride = 1, padding = 0, groups = 1;             ///< of a convolution
  int weight_bits = 0, activation_bits = 0, gradient_bits = 0;  ///< all 0: a plain float layer
  bool weight_per_channel = true;
  bool training = true;
  bool wants_error_products = false;
  std::uint64_t rounding_key = 0;
  std::int64_t first_sample = 0;              ///< of the whole batch, where this process has only a part
  std::unique_ptr<CapturedOperands> capture;  ///< filled if there is one

  float running_low = 0, running_span = 0;  ///< of the activations; updated in training, used in evaluation

  double activation_error_product = 0, weight_error_product = 0;  ///< results of backward, if wanted

  // Between forward and backward.
  Grid activation_grid;
  std::vector<Grid> weight_grids;
  at::Tensor quantised_weight, quantised_bias;
};

/// Convolution of x [N, C, H, W] with weight [K, C / groups, R, S], both quantised to the nearest code of their own
/// ranges (the activation per tensor, the weight per output channel or tensor, a bias [K] per tensor with the weight's
/// bits); its gradient is quantised stochastically and then feeds both backward passes. Gradients pass the quantisers
/// unchanged. In evaluation the activation's range is the running one and values outside it are clipped. Throws
/// UserError at site.where on NaN or infinite values, naming the tensor.
at::Tensor quantised_conv(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias = {});

/// The same for a linear layer: x [N, C] or [N, T, C], weight [K, C].
at::Tensor quantised_linear(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias = {});

}  // namespace ldpsim::quant
