// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/results/table.hpp"

namespace ldpsim {

/// A table as bytes, to be sent from one process to another: exact to the last bit, notes included.
std::string table_to_bytes(const Table& table);
/// The inverse.
Table table_from_bytes(const std::string& bytes);

}  // namespace ldpsim
