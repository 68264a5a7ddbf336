// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ldpsim {

/// How well a figure is founded, the surest first: read in its source; computed from such figures; fitted so that a
/// published total comes out; known from the source but not read again (high, medium, low confidence); made up.
inline const std::vector<std::string>& confidences() {
  static const std::vector<std::string> kConfidences{"found",    "derived",  "calibrated", "memory H",
                                                     "memory M", "memory L", "assumed"};
  return kConfidences;
}

}  // namespace ldpsim
