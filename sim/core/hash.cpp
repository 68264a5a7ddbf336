// SPDX-License-Identifier: Apache-2.0
#include "sim/core/hash.hpp"

#include <openssl/evp.h>

#include <array>

#include "sim/core/error.hpp"

namespace ldpsim {

std::string sha256_hex(std::string_view data) {
  std::array<unsigned char, 32> digest{};
  unsigned int length = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1 ||
      length != digest.size()) {
    throw InternalError("SHA-256 is not available from libcrypto");
  }
  std::string hex;
  for (const unsigned char byte : digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace ldpsim
