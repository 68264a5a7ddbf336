// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ldpsim::conv {

/// How 3x3 convolutions of stride 1 are computed on a CPU: by winograd.hpp where it takes their channels, or, as all
/// others, by LibTorch's direct sums.
enum class Kernel { kWinograd, kDirect };

/// Of the whole process; set before training starts. kWinograd unless set.
void use_kernel(Kernel kernel);

}  // namespace ldpsim::conv
