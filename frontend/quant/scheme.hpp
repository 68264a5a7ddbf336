// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ldpsim::quant {

/// How a network is quantised, apart from the precision of its layers. The default is that of Fu et al., "CPT" (ICLR
/// 2021).
struct Scheme {
  /// Activations: from the mean over the samples of each one's smallest element to that of their largest; what lies
  /// beyond is clipped. Otherwise from the smallest to the largest of all.
  bool mean_range = false;
  bool stochastic_activations = false;  ///< rounded so, in evaluation, too; otherwise to the nearest code
  float kept = 0.9f, taken = 0.1f;      ///< shares of the old and the new one in a running range or statistic
  /// Gradients of weights and biases come from the layer's gradient as it arrived, those of activations from the
  /// quantised one. Otherwise all of them from the quantised one.
  bool bifurcated = false;
  bool weight_per_channel = true;  ///< what --weight-range is by default
  bool everything = false;         ///< first convolution, shortcuts and classifier are quantised, too
  bool closed_blocks = false;      ///< the last normalisation of a block starts at weight 0 (Goyal et al. 2017)
  int norm_bits = 0;               ///< > 0: Range BN of this precision in the place of batch normalisation
  int norm_gradient_bits = 0;      ///< of its gradient
};

}  // namespace ldpsim::quant
