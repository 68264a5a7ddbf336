// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/checks.hpp"

namespace ldpsim {

const std::vector<Check>& builtin_checks() {
  static const std::vector<Check> kChecks{
      bit_fusion_rows_check(), bit_fusion_eyeriss_check(), bit_fusion_energy_check(),
      stripes_speedup_check(), stripes_ideal_check(),      stripes_vgg19_check(),
  };
  return kChecks;
}

}  // namespace ldpsim
