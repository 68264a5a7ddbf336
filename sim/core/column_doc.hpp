// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ldpsim {

/// What a column of a printed table means. No unit: empty.
struct ColumnDoc {
  std::string name, unit, doc;
};

}  // namespace ldpsim
