// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/checks.hpp"

namespace ldpsim {

const std::vector<Check>& builtin_checks() {
  static const std::vector<Check> kChecks{
      bit_fusion_rows_check(),
      bit_fusion_eyeriss_check(),
      bit_fusion_energy_check(),
      stripes_speedup_check(),
      stripes_ideal_check(),
      stripes_vgg19_check(),
      unpu_peak_check(),
      unpu_efficiency_check(),
      lnpu_peak_check(),
      lnpu_efficiency_check(),
      hri_pe_check(),
      hri_skipping_check(),
  };
  return kChecks;
}

}  // namespace ldpsim
