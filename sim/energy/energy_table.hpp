// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/arch/actions.hpp"
#include "sim/arch/arch_spec.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/core/math.hpp"
#include "sim/energy/area.hpp"
#include "sim/energy/component_table.hpp"

namespace ldpsim {

/// Energy in 1e-9 pJ as an integer: sums of it are exact and do not depend on the order of addition, so plans compare
/// the same everywhere.
using ExactEnergy = __int128;
constexpr double picojoules(ExactEnergy energy) { return static_cast<double>(energy) * 1e-9; }

/// Energy of some counts over some time.
struct Energy {
  std::array<double, kActionCount> pj{};  ///< by action
  double leakage_pj = 0;                  ///< shown apart; part of total_pj only if energy.include_leakage
  double total_pj = 0;
  double operator[](Action action) const { return pj[static_cast<std::size_t>(action)]; }
};

/// Prices counts. Every figure comes out of a YAML table with its source; none lives in the code.
class EnergyTable {
 public:
  /// The table that `arch` names (energy.table), at the process it asks for (energy.technology_nm), with
  /// dram.pj_per_bit for DRAM. Throws UserError with file:line.
  static EnergyTable of(const ArchSpec& arch, const PeArray& array);

  Energy price(const ActionTotals& counts, Total cycles) const;
  /// Energy of the actions alone, exact.
  ExactEnergy exact(const ActionCounts& counts) const;
  /// Price of one action in 1e-9 pJ.
  std::int64_t exact_price(Action action) const { return prices_[static_cast<std::size_t>(action)]; }

  /// Whether there is a price; what an action without one takes is not known (or is part of another's price).
  bool prices(Action action) const { return priced_[static_cast<std::size_t>(action)]; }

  const std::string& name() const { return components_.name; }
  const std::string& file() const { return components_.file; }
  const ComponentTable& components() const { return components_; }
  const std::vector<EnergyRow>& rows() const { return components_.energy; }
  const std::vector<LeakageRow>& leakage_rows() const { return components_.leakage; }
  const Area& area() const { return area_; }
  /// Canonical text of every price and the area: the table's part of a content key.
  std::string canonical() const;
  /// The process of the figures, and how they were brought to it: "at 28 nm at 0.9 V, rescaled ...".
  std::string technology_text() const;
  /// What a reader must know of the figures, to be put behind the machine's name: process, area, DRAM.
  std::vector<std::string> notes() const;

 private:
  ComponentTable components_;
  Area area_;
  std::array<std::int64_t, kActionCount> prices_{};
  std::array<bool, kActionCount> priced_{};
  double leakage_microwatt_ = 0, frequency_mhz_ = 1, dram_pj_per_bit_ = 0;
  bool include_leakage_ = false;
};

}  // namespace ldpsim
