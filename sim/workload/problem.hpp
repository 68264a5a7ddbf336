// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/workload/layer.hpp"

namespace ldpsim {

enum class Pass { kForward, kBackwardData, kBackwardWeight };
inline constexpr Pass kAllPasses[] = {Pass::kForward, Pass::kBackwardData, Pass::kBackwardWeight};

const char* name_of(Pass pass);
Pass pass_of(const std::string& name, const std::string& where);

/// What an array does with the zeros that backward-data of a strided layer inserts between the gradients.
enum class InsertedZeros { kCompute, kSkip };

/// Position of an element in a flat row-major tensor as an affine function of canonical indices.
struct AffineIndex {
  std::int64_t origin = 0, batch = 0, group = 0, filter = 0, channel = 0, y = 0, x = 0;
  std::int64_t at(std::int64_t b, std::int64_t g, std::int64_t f, std::int64_t c, std::int64_t iy,
                  std::int64_t ix) const {
    return origin + b * batch + g * group + f * filter + c * channel + iy * y + ix * x;
  }
};

/// One pass of one layer in canonical form: a convolution of a *moving* operand with a *stationary* one.
///
///   out[b, g, f, oy, ox] = sum over c, ky, kx of  stationary[g, f, c, ky, kx] * moving[b, g, c, iy, ix]
///   iy' = oy*stride + ky*dilation - pad_y,   iy = iy' / insertion     (likewise x)
///
/// An element whose iy' is outside [0, insertion*(in_height-1)] or is not a multiple of `insertion` is the real number
/// 0 and has no code: it contributes nothing to the products nor to the correction sums.
///
/// | pass            | moving     | stationary | batch | filters | channels | out        | kernel     |
/// |-----------------|------------|------------|-------|---------|----------|------------|------------|
/// | forward         | activation | weight     | N     | K       | C        | P x Q      | R x S      |
/// | backward_data   | gradient   | weight     | N     | C       | K        | H x W      | R x S      |
/// | backward_weight | activation | gradient   | C     | K       | N        | R x S      | P x Q      |
///
/// Backward-data has insertion = stride of the layer; with InsertedZeros::kSkip it is split into its stride*stride
/// phases, each a dense problem with insertion 1. All extents are per group. Operands are the flat row-major tensors of
/// the whole layer: weight [K, C/groups, R, S], activation [N, C, H, W], gradient [N, K, P, Q]; the three AffineIndex
/// say where an element lies. A matmul layer's `weight` is its second activation, [N, K, C/groups], a weight for each
/// sample: its problems have batch (in backward-weight channels) 1 and N x groups groups. The moving index takes (b, g,
/// -, c, iy, ix), the stationary one (-, g, f, c, ky, kx), the output one (b, g, f, -, oy, ox).
struct Problem {
  Pass pass = Pass::kForward;
  LayerKind kind = LayerKind::kConv;
  std::int64_t batch = 1, groups = 1, filters = 1, channels = 1;
  std::int64_t out_height = 1, out_width = 1, kernel_height = 1, kernel_width = 1;
  std::int64_t stride = 1, dilation = 1, pad_y = 0, pad_x = 0, insertion = 1;
  std::int64_t in_height = 1, in_width = 1;  ///< of the real moving tensor, inserted zeros not counted
  AffineIndex moving, stationary, output;
  /// Backward-data with weights that have a scale per output channel: products of different `c` have different scales,
  /// so an integer sum may run over the taps of one channel only (design: scale group).
  bool scale_per_channel = false;
  /// A reader of the network's input (reads_network_input), which some arrays treat differently (im2col,
  /// space-to-depth). Set by the caller of lower().
  bool first_layer = false;

  /// A part of a problem with more output positions a sample.
  bool cuts_positions = false;

  /// Groups that the array works on side by side (PeArray::groups_at_once), the last ones maybe fewer. Set by the
  /// caller of lower().
  std::int64_t groups_at_once = 1;

  /// Multiply-accumulates, zeros of padding and insertion included.
  std::int64_t macs() const {
    return batch * groups * filters * channels * out_height * out_width * kernel_height * kernel_width;
  }
  /// Whether a sample has one output position, as those of fully connected layers: a part that was left with one does
  /// not count, since arrays arrange a pass by the whole of it.
  bool one_position() const { return !cuts_positions && out_height * out_width == 1; }
  /// Times that an array runs: sets of groups side by side.
  std::int64_t group_sets() const { return (groups + groups_at_once - 1) / groups_at_once; }
  std::int64_t outputs() const { return batch * groups * filters * out_height * out_width; }
  /// Products that one output sums up.
  std::int64_t reduction() const { return channels * kernel_height * kernel_width; }
  std::int64_t moving_elements() const { return batch * groups * channels * in_height * in_width; }
  std::int64_t stationary_elements() const { return groups * filters * channels * kernel_height * kernel_width; }
  /// The row of the moving tensor that output row oy and kernel row ky meet, or -1 if that is a padded or inserted
  /// zero.
  std::int64_t input_y(std::int64_t oy, std::int64_t ky) const {
    return input(oy * stride + ky * dilation - pad_y, in_height);
  }
  std::int64_t input_x(std::int64_t ox, std::int64_t kx) const {
    return input(ox * stride + kx * dilation - pad_x, in_width);
  }

 private:
  std::int64_t input(std::int64_t position, std::int64_t extent) const {
    if (position < 0 || position % insertion != 0) return -1;
    const std::int64_t index = position / insertion;
    return index < extent ? index : -1;
  }
};

/// Bits of the two operands of a Problem and whether their codes are two's complement.
struct PassBits {
  int moving = 8, stationary = 8;
  bool moving_signed = false, stationary_signed = false;
  bool operator==(const PassBits&) const = default;
};

/// forward: activation x weight; backward-data: gradient x weight; backward-weight: activation x gradient.
PassBits pass_bits(Pass pass, const LayerBits& bits);

/// Lowers one pass of a layer over `batch` samples. One Problem, or several whose costs add (phases of a strided
/// backward-data; empty phases are left out). `scale_per_channel` is set on backward-data only.
std::vector<Problem> lower(const Layer& layer, Pass pass, std::int64_t batch,
                           InsertedZeros zeros = InsertedZeros::kCompute, bool weight_scale_per_channel = false);

/// Whether a layer reads the network's input: the first one, and convolutions that read the same picture beside it
/// (parallel branches): up to 4 channels and the first layer's input size.
bool reads_network_input(const Network& network, std::size_t layer);

/// Whether a pass runs at all: nobody needs the gradient of the network's input, so its readers have no backward-data.
inline bool pass_exists(const Network& network, std::size_t layer, Pass pass) {
  return pass != Pass::kBackwardData || !reads_network_input(network, layer);
}

}  // namespace ldpsim
