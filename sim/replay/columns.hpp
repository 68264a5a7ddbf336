// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/core/column_doc.hpp"
#include "sim/replay/pricing.hpp"
#include "sim/results/table.hpp"

namespace ldpsim {

/// Every column of the tables of simulate, replay and sweep, in no particular order.
const std::vector<ColumnDoc>& column_docs();

/// Columns that price something: macs, gbitops, cycles and their causes, actions, energy and its parts, time; and the
/// area of the machine.
const std::vector<std::string>& cost_columns();
/// A figure that may not be known: then the cell is empty.
Cell cell_of(const std::optional<double>& figure);
/// A count, or the nearest real number where it takes more than 64 bits.
Cell count_cell(Total count);
/// The cells of those columns. `bit_operations` is the sum of macs x bits x bits.
std::vector<Cell> cost_cells(const Machine& machine, const PassCost& cost, __int128 bit_operations);
/// Energy of a cost, leakage over its cycles included if the machine asks for it.
double energy_pj(const Machine& machine, const PassCost& cost);
/// Energy of a part of the machine, as its column energy_<name>_pj has it.
struct ComponentEnergy {
  const char* name;
  double pj;
  const char* doc;
  bool known = true;  ///< false: the machine does something there, and its table prices nothing of it
};
/// Names what a machine does by `costs` (a table with cost_columns) and its energy table does not price; nothing if
/// there is nothing.
std::vector<std::string> unpriced_notes(const Machine& machine, const Table& costs);
/// All parts, leakage apart; they add up to energy_pj without leakage, to which parts that are not known add nothing.
std::vector<ComponentEnergy> component_energies(const Machine& machine, const PassCost& cost);
double gbitops(__int128 bit_operations);

/// A table with some of another's columns, for people to read; notes are kept. Columns that it does not have are left
/// out, and so are columns in which every cell is empty or 0, unless they are in `always`.
Table narrowed(const Table& table, std::span<const std::string> columns, std::span<const std::string> always);
/// What the text form of a cost table shows; `with_run`: it has rows of several runs.
Table readable(const Table& table, bool with_run = false);

}  // namespace ldpsim
