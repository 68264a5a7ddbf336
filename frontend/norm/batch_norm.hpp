// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace ldpsim::norm {

/// What follows a normalisation, in the same pass over memory: y = relu(normalised + added).
struct Then {
  bool relu = false;
  at::Tensor added = {};  ///< of x's shape, or undefined
};

/// [channels] each, float32. Training moves the running statistics by a tenth, the variance unbiased.
struct Parameters {
  at::Tensor weight, bias, running_mean, running_variance;
};

/// Batch normalisation (Ioffe and Szegedy 2015, algorithm 1, and its gradient; epsilon 1e-5) of x [N, C, H, W],
/// float32, over the samples of all processes. On a CPU by the passes of batch_norm_kernels.hpp, elsewhere by
/// LibTorch's.
at::Tensor batch_norm(const at::Tensor& x, const Parameters& parameters, bool training, const Then& then = {});

}  // namespace ldpsim::norm
