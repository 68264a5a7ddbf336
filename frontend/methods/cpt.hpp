// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frontend/methods/method.hpp"

namespace ldpsim::methods {

/// Cyclic precision training (Fu et al., "CPT: Efficient Deep Neural Network Training via Cyclic Precision", ICLR
/// 2021): n cycles of P = floor(iterations/n) iterations, in each of which all layers climb half a cosine
///   b_i = round_half_even(min + (max - min)/2 * (1 + cos(pi*(i mod P)/P + pi)))
/// and then fall back. Iterations that n does not divide begin one more cycle. Gradients keep their bits.
class Cpt final : public Method {
 public:
  Cpt(const MethodSettings& common, std::int64_t cycles);
  int bits(std::int64_t iteration) const;
  std::vector<Precision> precision(std::int64_t iteration) const override;

 private:
  MethodSettings common_;
  std::int64_t period_;
};

}  // namespace ldpsim::methods
