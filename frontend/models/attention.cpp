// SPDX-License-Identifier: Apache-2.0
#include "frontend/models/attention.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace ldpsim::models {

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, std::int64_t heads,
                     bool causal) {
  const std::int64_t samples = query.size(0), tokens = query.size(1), channels = query.size(2);
  const auto by_head = [&](const at::Tensor& x) {
    return x.reshape({samples, tokens, heads, channels / heads}).transpose(1, 2);
  };
  const double scale = 1 / std::sqrt(static_cast<double>(channels / heads));
  at::Tensor scores = at::matmul(by_head(query) * scale, by_head(key).transpose(2, 3));
  if (causal) {
    const at::Tensor later = at::ones({tokens, tokens}, query.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(later, -std::numeric_limits<double>::infinity());
  }
  return at::matmul(scores.softmax(-1), by_head(value)).transpose(1, 2).reshape({samples, tokens, channels});
}

}  // namespace ldpsim::models
