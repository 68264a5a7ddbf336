// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/layer_name.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.hpp"
#include "sim/core/utf8.hpp"

namespace ldpsim {

void check_layer_name(const std::string& name, const std::string& where) {
  constexpr const char* kHint = "give every layer a name of its own";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (name.empty()) throw UserError(where, "a layer has no name", kHint);
  if (name == "total") throw UserError(where, "a layer is called 'total', as the last row of every table is", kHint);
  if (!is_utf8(name)) throw UserError(where, "the name of a layer is not UTF-8", "write the file in UTF-8");
  if (std::none_of(name.begin(), name.end(), is_control)) return;
  std::string shown = name;
  std::replace_if(shown.begin(), shown.end(), is_control, '?');
  throw UserError(where, fmt::format("the name of layer '{}' has a line break, tab or other control character", shown),
                  "names are one line of text");
}

}  // namespace ldpsim
