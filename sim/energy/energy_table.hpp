// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sim/arch/actions.hpp"
#include "sim/arch/arch_spec.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/core/math.hpp"

namespace ldpsim {

/// Energy in 1e-9 pJ as an integer: sums of it are exact and do not depend on the order of addition, so plans compare
/// the same everywhere.
using ExactEnergy = __int128;
constexpr double picojoules(ExactEnergy energy) { return static_cast<double>(energy) * 1e-9; }

/// The price of one action.
struct EnergyRow {
  Action action = Action::kArrayCycle;
  double pj = 0;           ///< per unit of the action (action_docs)
  std::string source;      ///< where the figure is published
  std::string confidence;  ///< found | memory | derived
  std::string assumed;     ///< what was carried over from another design or node; empty if nothing
};

/// Standing power of a part, per PE or per KiB of a buffer.
struct LeakageRow {
  std::string part;  ///< pe | weight_buffer | activation_buffer | output_buffer
  double microwatt = 0;
  std::string source, confidence, assumed;
};

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
  /// The table that `arch` names (energy.table), with dram.pj_per_bit for DRAM. Throws UserError with file:line.
  static EnergyTable of(const ArchSpec& arch, const PeArray& array);

  Energy price(const ActionCounts& counts, Cycles cycles) const;
  /// Energy of the actions alone, exact.
  ExactEnergy exact(const ActionCounts& counts) const;
  /// Price of one action in 1e-9 pJ.
  std::int64_t exact_price(Action action) const { return prices_[static_cast<std::size_t>(action)]; }

  const std::string& name() const { return name_; }
  const std::string& file() const { return file_; }
  const std::vector<EnergyRow>& rows() const { return rows_; }
  const std::vector<LeakageRow>& leakage_rows() const { return leakage_rows_; }
  /// Canonical text of every price: the table's part of a content key.
  std::string canonical() const;

 private:
  std::string name_, file_;
  std::vector<EnergyRow> rows_;
  std::vector<LeakageRow> leakage_rows_;
  std::array<std::int64_t, kActionCount> prices_{};
  double leakage_microwatt_ = 0, frequency_mhz_ = 1;
  bool include_leakage_ = false;
};

/// Names of the tables in arch_configs/energy/, sorted.
std::vector<std::string> energy_table_names();

}  // namespace ldpsim
