// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/locale/utf.hpp>
#include <string_view>

namespace ldpsim {

/// Whether `text` is UTF-8, as JSON, HTML and pictures need it.
inline bool is_utf8(std::string_view text) {
  namespace utf = boost::locale::utf;
  for (auto at = text.begin(); at != text.end();) {
    const utf::code_point point = utf::utf_traits<char>::decode(at, text.end());
    if (point == utf::illegal || point == utf::incomplete) return false;
  }
  return true;
}

}  // namespace ldpsim
