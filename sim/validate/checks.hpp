// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/validate/check.hpp"

namespace ldpsim {

// One maker a check, each in a file of its own.
Check bit_fusion_rows_check();
Check bit_fusion_eyeriss_check();
Check bit_fusion_energy_check();
Check stripes_speedup_check();
Check stripes_ideal_check();
Check stripes_vgg19_check();
Check unpu_peak_check();
Check unpu_efficiency_check();
Check lnpu_peak_check();
Check lnpu_efficiency_check();
Check hri_pe_check();
Check hri_skipping_check();

}  // namespace ldpsim
