// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/ledger/expression.hpp"

namespace ldpsim {

/// Something that a publication says, and what its own figures say.
struct ClaimCheck {
  int item = 0;                 ///< of the list, from 1
  std::string title;            ///< of the item
  std::string where, says;      ///< the place in the publication, and what it says there
  CellValue claimed, computed;  ///< numbers, or one text
  std::string relation;         ///< equal, at_least or at_most: what the claim wants of `computed`
  double within = 0;            ///< difference that still agrees
  bool agrees = false;
  std::string arithmetic;  ///< how `computed` came about, cells as numbers
};

/// Reads published/claims/NAME.yaml and computes every check from the figures in `published_folder`. Throws UserError
/// naming file and line of a check that cannot be computed.
std::vector<ClaimCheck> check_claims(const std::string& file, const std::string& published_folder,
                                     const std::string& networks_folder);

}  // namespace ldpsim
