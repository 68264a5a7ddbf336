// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "frontend/quant/kernels.hpp"

namespace ldpsim::quant {

/// The kernels of kernels.hpp for tensors on any device: float32, filling their memory without gaps, dimensions in any
/// order. Operands of one call have the same layout. Several ranges or grids are those of as many equal parts of the
/// memory: of samples, or of the output channels of a weight.

std::vector<Range> ranges_of(const at::Tensor& values, std::int64_t parts);
Range range_of(const at::Tensor& values);
void quantise_nearest(const at::Tensor& values, std::span<const Grid> grids, const at::Tensor& out);
/// Element i of the memory takes noise(key, first + i).
void quantise_stochastic(const at::Tensor& values, const Grid& grid, std::uint64_t key, const at::Tensor& out,
                         std::int64_t first);
double error_product(const at::Tensor& gradient, const at::Tensor& quantised, const at::Tensor& values);

/// The same in LibTorch's operations, for devices that the kernels cannot reach: the same bits, but for the order in
/// which error_product adds.
namespace in_operations {

std::vector<Range> ranges_of(const at::Tensor& values, std::int64_t parts);
void quantise_nearest(const at::Tensor& values, std::span<const Grid> grids, const at::Tensor& out);
void quantise_stochastic(const at::Tensor& values, const Grid& grid, std::uint64_t key, const at::Tensor& out,
                         std::int64_t first);
double error_product(const at::Tensor& gradient, const at::Tensor& quantised, const at::Tensor& values);

}  // namespace in_operations
}  // namespace ldpsim::quant
