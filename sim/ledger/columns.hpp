// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace ldpsim {

struct LedgerColumn {
  const char *name, *unit, *doc;
};

/// Every column of the two tables of `ldpsim bitops`.
std::span<const LedgerColumn> ledger_columns();

}  // namespace ldpsim
