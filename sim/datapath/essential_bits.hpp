// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace ldpsim {

/// How a code becomes terms, the signed powers of two that a term-serial array works on.
///   kBits       the set bits of its magnitude ("essential bits")
///   kBoothLike  runs of three or more ones become a higher power of two less a lower one; a single zero inside such a
///               run becomes one subtracted power (the encoding of Bit-Pragmatic's improved variant as the DNNsim
///               simulator has it). Never more terms than kBits, but possibly one at position `bits`.
enum class TermEncoding { kBits, kBoothLike };

/// value = sum of 2^i over the set bits i of `added` less that of `subtracted`; no position is in both.
struct Terms {
  std::uint32_t added = 0, subtracted = 0;
  std::uint32_t positions() const { return added | subtracted; }
  int count() const { return std::popcount(positions()); }
};

/// Of a code of up to 16 bits, sign and magnitude apart.
Terms terms_of(std::int32_t code, TermEncoding encoding);

/// Most cycles that lanes in lockstep may need for codes of `bits` bits: the positions that their terms may have.
int most_term_positions(int bits, bool is_signed, TermEncoding encoding);

/// Cycles in which lanes in lockstep work off their terms, lowest first (Bit-Pragmatic's two-stage shifting): the
/// second stage shifts all lanes by the lowest position o that remains in any; every lane whose own lowest term lies in
/// o .. o + 2^first_stage_bits - 1 works it off. At least 1. `positions` holds the terms of each lane; it is used up.
int lockstep_cycles(std::span<std::uint32_t> positions, int first_stage_bits);

}  // namespace ldpsim
