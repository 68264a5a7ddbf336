// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "frontend/conv/operand.hpp"
#include "frontend/quant/kernels.hpp"
#include "frontend/quant/scheme.hpp"

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

/// Everything one quantised layer or normalisation needs and reports besides its tensors. Set the first group before
/// each forward pass; the object must live until the backward pass is over.
struct Site {
  Scheme scheme;
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

/// The tensor without gaps in its memory, dimensions in the order they have there.
at::Tensor dense(const at::Tensor& tensor);

/// All functions below throw UserError at site.where on NaN or infinite values, naming the tensor. Where several
/// processes train together, ranges of activations and gradients are those of the whole batch.

/// In training sets site.activation_grid by the range of x and moves the running one; in evaluation by the running one.
void choose_activation_grid(const at::Tensor& x, Site& site);
/// x on site.activation_grid; the same bits each time until site.rounding_key changes. The site must outlive it; only
/// one at a time in a thread.
conv::Operand quantised_activation(const at::Tensor& x, const Site& site);
/// A weight [K, ...] by its own ranges, per output channel or tensor. Sets site.weight_grids.
at::Tensor quantise_weight(const at::Tensor& weight, Site& site);
/// A vector to the nearest code of its own range.
at::Tensor quantise_vector(const at::Tensor& values, int bits, const Site& site, const char* name);
/// The gradient of the output by its range, stochastically; unchanged for gradients of 0 bits. Fills site.capture's.
/// The site must outlive it; only one at a time in a thread.
conv::Operand quantised_gradient(const at::Tensor& gradient, Site& site);

/// Fills site.capture's activation and weight, whose grids are chosen.
void capture_forward(const at::Tensor& x, const at::Tensor& weight, Site& site);

}  // namespace ldpsim::quant
