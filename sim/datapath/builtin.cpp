// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/builtin.hpp"

#include "sim/arch/pe_array.hpp"
#include "sim/datapath/bit_fusion.hpp"
#include "sim/datapath/dadiannao.hpp"
#include "sim/datapath/lnpu.hpp"
#include "sim/datapath/loom.hpp"
#include "sim/datapath/lut_array.hpp"
#include "sim/datapath/pragmatic.hpp"
#include "sim/datapath/stripes.hpp"
#include "sim/datapath/systolic.hpp"

namespace ldpsim {

void register_builtin_pe_arrays() {
  static const bool kRegistered = [] {
    PeArrayRegistry& registry = PeArrayRegistry::instance();
    registry.add(stripes_kind());
    registry.add(bit_fusion_kind());
    registry.add(loom_kind());
    registry.add(pragmatic_kind());
    registry.add(dadiannao_kind());
    registry.add(systolic_kind());
    registry.add(lut_kind());
    registry.add(lnpu_kind());
    return true;
  }();
  static_cast<void>(kRegistered);
}

}  // namespace ldpsim
