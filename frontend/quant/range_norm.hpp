// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "frontend/quant/quantiser.hpp"

namespace ldpsim::quant {

/// Values of one channel, of all samples and processes, that Range BN needs: each of its 16 chunks must hold two.
inline constexpr std::int64_t kNormChunks = 16, kMinNormValues = 2 * kNormChunks;

/// Range BN (Banner et al. 2018, section 3) of x [N, C, H, W], in site.activation_bits:
///   y = (x - mean) * inverse * weight + bias,   inverse = 1 / (f * R + 1e-5)
/// where R is the mean over 16 chunks of the channel's values (in the order N, H, W) of largest less smallest, and
/// f = 0.5 * 0.35 * (1 + sqrt(pi ln 4)) / sqrt(2 ln n) of n values in a chunk. x is quantised as an activation of
/// `site`; inverse, weight and bias [C] to the nearest code of their own ranges; the gradient of y stochastically to
/// site.gradient_bits. Where the chunks do not divide the values, their sizes differ by one. Moves the running mean and
/// inverse by site.scheme; in evaluation uses them. Where several processes train together, mean, R and the derivatives
/// through them are those of the whole batch. Throws UserError at site.where on less than kMinNormValues values.
at::Tensor range_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                      const at::Tensor& running_mean, const at::Tensor& running_inverse, Site& site);

}  // namespace ldpsim::quant
