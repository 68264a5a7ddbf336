// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace ldpsim {

/// The document as text, on one line or indented by `indent` blanks. What is no UTF-8 (a file's name may be anything)
/// becomes U+FFFD instead of an exception.
inline std::string json_text(const nlohmann::ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace ldpsim
