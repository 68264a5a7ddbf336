// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "frontend/quant/quantiser.hpp"

namespace ldpsim::quant {

/// Convolution of x [N, C, H, W] with weight [K, C / groups, R, S], both quantised to the nearest code of their own
/// ranges (the activation per tensor, the weight per output channel or tensor, a bias [K] per tensor with the weight's
/// bits); its gradient is quantised stochastically and then feeds both backward passes. Gradients pass the quantisers
/// unchanged. In evaluation the activation's range is the running one and values outside it are clipped. site.scheme
/// says what else there is. Throws UserError at site.where on NaN or infinite values, naming the tensor.
at::Tensor quantised_conv(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias = {});

/// The same for a linear layer: x [N, C] or [N, T, C], weight [K, C].
at::Tensor quantised_linear(const at::Tensor& x, const at::Tensor& weight, Site& site, const at::Tensor& bias = {});

}  // namespace ldpsim::quant
