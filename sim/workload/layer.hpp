// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ldpsim {

enum class LayerKind { kConv, kLinear, kMatmul };

const char* name_of(LayerKind kind);
/// Inverse of name_of. Throws UserError naming `where` and the allowed names.
LayerKind layer_kind_of(const std::string& name, const std::string& where);

/// Largest number of multiply-accumulates, and of elements of an operand, that one pass of a layer may have: their bits
/// and PE-cycles then fit 64 bits.
inline constexpr std::int64_t kLargestCount = std::int64_t{1} << 46;

/// Shape of one layer, per sample. A linear layer is a convolution with 1x1 kernel; its in_height x in_width are its
/// positions per sample (1x1 for a classifier, tokens x 1 for a transformer). A matmul layer is a linear layer whose
/// weight is a second activation, another one for each sample: out[k, position] = sum over c of weight[k, c] x in[c,
/// position], each group (head) by itself. Both its operands have gradients: backward-data gives that of the input,
/// backward-weight that of the second activation.
struct Layer {
  std::string name;
  LayerKind kind = LayerKind::kConv;
  std::int64_t in_channels = 1, out_channels = 1;
  std::int64_t in_height = 1, in_width = 1;
  std::int64_t kernel_height = 1, kernel_width = 1;
  std::int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
  bool quantised = true;

  std::int64_t out_height() const {
    return (in_height + 2 * padding - dilation * (kernel_height - 1) - 1) / stride + 1;
  }
  std::int64_t out_width() const { return (in_width + 2 * padding - dilation * (kernel_width - 1) - 1) / stride + 1; }
  /// Multiply-accumulates of one sample in one pass, padding included (the field's convention).
  std::int64_t macs() const {
    return out_channels * (in_channels / groups) * kernel_height * kernel_width * out_height() * out_width();
  }
  std::int64_t weight_elements() const { return out_channels * (in_channels / groups) * kernel_height * kernel_width; }
  std::int64_t input_elements() const { return in_channels * in_height * in_width; }          ///< per sample
  std::int64_t output_elements() const { return out_channels * out_height() * out_width(); }  ///< per sample
  /// Throws UserError at `where` if the shape is impossible (non-positive sizes, kernel larger than the padded input,
  /// groups that do not divide the channels, more than kLargestCount multiply-accumulates or elements, ...).
  void check(const std::string& where) const;
};

/// Bits of a layer's operands, 1..16 each; `weight` of a matmul layer is its second activation.
struct LayerBits {
  int weight = 8, activation = 8, gradient = 8;
  bool operator==(const LayerBits&) const = default;
};

struct Network {
  std::string name;
  std::vector<Layer> layers;
  std::int64_t macs() const;  ///< of one sample, forward
};

}  // namespace ldpsim
