// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace ldpsim::norm {

/// The passes of batch normalisation over a tensor that keeps its channels together, [count][channels]: as few as its
/// data dependences allow, since each takes as long as memory takes. Results are the same for any number of OpenMP
/// threads.
struct Rows {
  std::int64_t count = 0, channels = 0;
};

/// Of each channel.
struct Moments {
  std::vector<double> mean, squares;  ///< `squares`: sum of squared distances from the mean
};
Moments moments(const Rows& rows, const float* x);

/// [channels] each: y = x * scale + shift.
struct Line {
  const float* scale = nullptr;
  const float* shift = nullptr;
};
/// y = x * scale + shift, plus `added` where that is not null; `relu`: and at least 0.
void normalise(const Rows& rows, const float* x, const Line& line, const float* added, bool relu, float* y);

/// Which gradients a ReLU after the normalisation lets pass: those whose output y is positive, which is found from x
/// where nothing was added to it.
struct Gate {
  enum class Kind { kOpen, kByInput, kByOutput };
  Kind kind = Kind::kOpen;
  Line line = {};            ///< kByInput: of normalise()
  const float* y = nullptr;  ///< kByOutput
};

/// Of each channel: sums of what the gate lets pass of the gradient, and of that times the distance of x from `mean`.
struct GradientSums {
  std::vector<double> plain, centred;
};
/// `passed` [count][channels], where not null, receives what the gate lets pass.
GradientSums gradient_sums(const Rows& rows, const float* gradient, const float* x, const float* mean, const Gate& gate,
                           float* passed);

/// [channels] each: to_x = (g - offset - (x - mean) * slope) * factor, where g is what the gate lets pass.
struct Projection {
  const float* mean = nullptr;
  const float* offset = nullptr;
  const float* slope = nullptr;
  const float* factor = nullptr;
};
/// Gates by output have no place here: gradient_sums() has written what they let pass.
void input_gradient(const Rows& rows, const float* gradient, const float* x, const Projection& projection,
                    const Gate& gate, float* to_x);

}  // namespace ldpsim::norm
