// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/core/column_doc.hpp"

namespace ldpsim::cli {

/// Columns of the tables of list, trace info and diff that no other table has.
const std::vector<ColumnDoc>& listing_column_docs();

}  // namespace ldpsim::cli
