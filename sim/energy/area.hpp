// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "sim/arch/arch_spec.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/energy/component_table.hpp"

namespace ldpsim {

/// Area of a machine. What the table does not know is empty, never 0.
struct Area {
  std::optional<double> array_mm2;    ///< the PEs
  std::optional<double> buffers_mm2;  ///< the three buffers; empty unless all are known
  std::optional<double> rest_mm2;     ///< control, dispatchers, interconnect, pads
  /// Array, buffers and, where known, the rest; else the published chip if the machine has as many PEs.
  std::optional<double> total_mm2;
  std::string confidence;  ///< of the least founded row in total_mm2; empty without one
  std::string text;        ///< in words: the parts, what is missing and why
};

Area area_of(const ComponentTable& table, const ArchSpec& arch, const PeArray& array);

/// How many units a row of a table is multiplied with: PEs, or KiB of a buffer; 1 for what is given in all.
double part_units(const std::string& part, const ArchSpec& arch, const PeArray& array);

}  // namespace ldpsim
