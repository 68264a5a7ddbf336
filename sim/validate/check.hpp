// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/validate/bench.hpp"
#include "sim/validate/target.hpp"

namespace ldpsim {

/// One comparison of machines with a publication: a file of sim/validate/, a line of builtin_checks() and a file of
/// targets.
///
/// Contract: `compute` gives the figure that answers a target, by running the machines; it never reads the expected
/// figure. The same target always gives the same figure.
struct Check {
  std::string id;    ///< "V4"; unique
  std::string data;  ///< its targets: published/validation/DATA.yaml
  std::function<double(const Target&, Bench&)> compute;
};

/// All checks, in the order of their output.
const std::vector<Check>& builtin_checks();

}  // namespace ldpsim
