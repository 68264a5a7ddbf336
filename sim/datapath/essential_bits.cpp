// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/essential_bits.hpp"

#include <cstdlib>
#include <utility>

namespace ldpsim {
namespace {

/// Scans a magnitude from its highest bit down; a run that has begun ends with a one that two zeros follow.
Terms booth_like_terms(std::uint32_t magnitude) {
  Terms terms;
  bool in_run = false;
  for (int i = static_cast<int>(std::bit_width(magnitude)) - 1; i >= 0; --i) {
    const auto bit = [&](int position) { return position >= 0 && (magnitude >> position & 1u) != 0; };
    const std::uint32_t here = 1u << i;
    if (!in_run && bit(i)) {
      in_run = bit(i - 1) && bit(i - 2);
      terms.added |= in_run ? here << 1 : here;
    } else if (in_run && !bit(i)) {
      terms.subtracted |= here;
    } else if (in_run && !bit(i - 1) && !bit(i - 2)) {
      terms.subtracted |= here;
      in_run = false;
    }
  }
  return terms;
}

}  // namespace

Terms terms_of(std::int32_t code, TermEncoding encoding) {
  const auto magnitude = static_cast<std::uint32_t>(std::abs(code));
  Terms terms{.added = magnitude};
  if (encoding == TermEncoding::kBoothLike) terms = booth_like_terms(magnitude);
  if (code < 0) std::swap(terms.added, terms.subtracted);
  return terms;
}

int most_term_positions(int bits, bool is_signed, TermEncoding encoding) {
  // a run of three ones needs three bits of magnitude, and only the largest magnitudes reach one position further
  return encoding == TermEncoding::kBits || is_signed || bits < 3 ? bits : bits + 1;
}

int lockstep_cycles(std::span<std::uint32_t> positions, int first_stage_bits) {
  const int reach = 1 << first_stage_bits;
  int cycles = 0;
  for (;;) {
    std::uint32_t left = 0;
    for (const std::uint32_t lane : positions) left |= lane;
    if (left == 0) return cycles > 0 ? cycles : 1;
    const int end = std::countr_zero(left) + reach;
    const std::uint32_t near = end >= 32 ? ~0u : (1u << end) - 1;
    for (std::uint32_t& lane : positions) lane &= ~(near & lane & (~lane + 1));
    ++cycles;
  }
}

}  // namespace ldpsim
