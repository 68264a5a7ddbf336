// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/arch/actions.hpp"
#include "sim/energy/technology.hpp"

namespace ldpsim {

/// What is common to the rows of a table.
struct ComponentRow {
  double value = 0;  ///< as published
  std::string unit;
  std::string source;      ///< where the figure is published
  std::string confidence;  ///< one of confidences()
  std::string assumed;     ///< what was carried over from another design; empty if nothing
  Technology origin;       ///< process and supply of `value`
  double factor = 1;       ///< from there to the table's process
  std::string where;       ///< file:line
};

/// The price of one action.
struct EnergyRow : ComponentRow {
  Action action = Action::kArrayCycle;
  double pj = 0;  ///< per unit of the action (action_docs), at the table's process
};

/// Standing power of a part, per PE or per KiB of a buffer.
struct LeakageRow : ComponentRow {
  std::string part;  ///< pe | weight_buffer | activation_buffer | output_buffer
  double microwatt = 0;
};

/// Area of a part at the table's process: per PE, per KiB of a buffer, or (rest, chip) in all.
struct AreaRow : ComponentRow {
  std::string part;  ///< pe | weight_buffer | activation_buffer | output_buffer | rest | chip
  double mm2 = 0;
  std::int64_t pes = 0;  ///< of a chip: the PEs it was made with
};

/// A table of components: what the parts of a machine take in energy, standing power and area in one process.
struct ComponentTable {
  std::string name, file;
  Technology technology;   ///< to which the rows are brought; nm 0: the file does not say
  Technology file_origin;  ///< of the rows that do not state their own
  std::vector<EnergyRow> energy;
  std::vector<LeakageRow> leakage;
  std::vector<AreaRow> area;
};

/// Reads a name out of arch_configs/energy/ or a YAML file, which may have one `base`; a row of the file takes the
/// place of the base's row for the same thing, and if it prices PEs anew, what the base says of the area and leakage of
/// its own PEs and chip is dropped. Rows of another process are brought to the table's, or all of them to
/// `target_nm` at its nominal supply if that is not 0; leakage stays. Throws UserError with file:line, at `where` if
/// there is no such table.
ComponentTable read_component_table(const std::string& table, const std::string& where, double target_nm);

/// Names of the tables in arch_configs/energy/, sorted.
std::vector<std::string> energy_table_names();

}  // namespace ldpsim
