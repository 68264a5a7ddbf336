// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ldpsim {

// Blobs of an operand. All numbers are little-endian. A function that cannot decode returns the reason, or "" and fills
// `out`.

/// Codes as uint8 (bits <= 8) or uint16, zstd with a checksum.
std::string pack_codes(std::span<const std::uint16_t> codes, int bits);
/// Float64, zstd with a checksum.
std::string pack_doubles_zstd(std::span<const double> values);
/// Float64 as they are.
std::string pack_doubles(std::span<const double> values);

/// `codec` is "zstd" or "raw"; `count` is the number of elements that must come out. The size is checked before memory
/// is taken.
std::string unpack_codes(std::string_view blob, const std::string& codec, int bits, std::int64_t count,
                         std::vector<std::uint16_t>& out);
std::string unpack_doubles(std::string_view blob, const std::string& codec, std::int64_t count,
                           std::vector<double>& out);

}  // namespace ldpsim
