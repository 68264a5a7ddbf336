// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace ldpsim::conv {

/// Memory for a tensor that is needed only within one call: kept, so that no step pays for fresh pages.
class Scratch {
 public:
  at::Tensor like(const at::Tensor& tensor);

 private:
  at::Tensor storage_;
};

/// An operand that is made from `values` where it is needed, samples first to first + to.size(0) - 1 at a time into
/// memory of their layout: a part that stays in the cache costs a fraction of a whole tensor. Dense tensors only.
class Operand {
 public:
  using Make = std::function<void(std::int64_t first, const at::Tensor& from, const at::Tensor& to)>;

  /// The values themselves.
  explicit Operand(const at::Tensor& values);
  /// `scratch` must outlive this, and no other operand in use may have it.
  Operand(const at::Tensor& values, Scratch& scratch, Make make);

  /// Lasts until the next call.
  at::Tensor part(std::int64_t first, std::int64_t samples) const;
  at::Tensor whole() const;
  const at::Tensor& values() const { return values_; }

 private:
  at::Tensor values_;
  Scratch* scratch_ = nullptr;
  Make make_;
};

}  // namespace ldpsim::conv
