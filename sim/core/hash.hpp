// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ldpsim {

/// SHA-256 of `data` as 64 hexadecimal digits.
std::string sha256_hex(std::string_view data);
/// MD5 as 32 hexadecimal digits: what publishers of data sets print. It tells damage, not malice.
std::string md5_hex(std::string_view data);

}  // namespace ldpsim
