// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ldpsim::models {

/// Scaled dot-product attention of several heads (Vaswani et al. 2017, equation 1), in float. All operands are
/// [N, T, C], heads side by side in C; so is the result. `causal`: a token sees itself and those before it.
at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, std::int64_t heads,
                     bool causal);

}  // namespace ldpsim::models
