// SPDX-License-Identifier: Apache-2.0
#include "sim/core/hash.hpp"

#include <openssl/evp.h>

#include <array>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

std::string hex_digest(std::string_view data, const EVP_MD* kind, const char* name) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &length, kind, nullptr) != 1)
    throw InternalError(std::string(name) + " is not available from libcrypto");
  std::string hex;
  for (unsigned int i = 0; i < length; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += kDigits[digest[i] >> 4];
    hex += kDigits[digest[i] & 15];
  }
  return hex;
}

}  // namespace

std::string sha256_hex(std::string_view data) { return hex_digest(data, EVP_sha256(), "SHA-256"); }
std::string md5_hex(std::string_view data) { return hex_digest(data, EVP_md5(), "MD5"); }

}  // namespace ldpsim
