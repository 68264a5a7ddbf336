// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/method.hpp"

namespace ldpsim::methods {

const std::vector<MethodEntry>& builtin_methods() {
  static const std::vector<MethodEntry> entries = {
      static_method(),
      ldp_method(),
      fp32_method(),
  };
  return entries;
}

}  // namespace ldpsim::methods
