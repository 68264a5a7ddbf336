// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/core/column_doc.hpp"

namespace ldpsim {

/// Every column of the two tables of `ldpsim bitops`.
const std::vector<ColumnDoc>& ledger_column_docs();

}  // namespace ldpsim
