// SPDX-License-Identifier: Apache-2.0
#include "frontend/conv/operand.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace ldpsim::conv {

at::Tensor Scratch::like(const at::Tensor& tensor) {
  if (!storage_.defined() || storage_.numel() < tensor.numel() || storage_.device() != tensor.device())
    storage_ = at::empty({tensor.numel()}, tensor.options());
  return storage_.narrow(0, 0, tensor.numel()).as_strided(tensor.sizes(), tensor.strides());
}

Operand::Operand(const at::Tensor& values) : values_(values) {}

Operand::Operand(const at::Tensor& values, Scratch& scratch, Make make)
    : values_(values), scratch_(&scratch), make_(std::move(make)) {}

at::Tensor Operand::part(std::int64_t first, std::int64_t samples) const {
  const at::Tensor from = values_.narrow(0, first, samples);
  if (!make_) return from;
  const at::Tensor to = scratch_->like(from);
  make_(first, from, to);
  return to;
}

at::Tensor Operand::whole() const { return make_ ? part(0, values_.size(0)) : values_; }

}  // namespace ldpsim::conv
