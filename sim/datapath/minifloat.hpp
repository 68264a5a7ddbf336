// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace ldpsim {

/// What becomes of a result beyond the largest finite number.
enum class FloatOverflow { kInfinity, kSaturate };

/// A binary floating-point format of a sign, `exponent_bits` and `mantissa_bits`, laid out and rounded as IEEE 754
/// does: bias 2^(e-1) - 1, subnormals, the top exponent kept for infinities and NaN, rounding to nearest, ties to even.
/// A number is its bits in the low places of a word.
struct FloatFormat {
  int exponent_bits = 5;   ///< 2..8
  int mantissa_bits = 10;  ///< 1..10
  FloatOverflow overflow = FloatOverflow::kInfinity;

  int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  int least_exponent() const { return 1 - bias(); }  ///< of a normal number
  int most_exponent() const { return bias(); }
  std::uint32_t sign_bit() const { return 1u << (exponent_bits + mantissa_bits); }
  std::uint32_t infinity() const { return ((1u << exponent_bits) - 1u) << mantissa_bits; }
  std::uint32_t nan() const { return infinity() | 1u << (mantissa_bits - 1); }
  std::uint32_t largest() const { return infinity() - 1u; }
  bool operator==(const FloatFormat&) const = default;
};

/// "1-5-10" and the like: sign, exponent and mantissa bits. Throws UserError at `where` for other texts.
FloatFormat float_format_of(const std::string& text, const std::string& where);

/// A number taken apart: (-1)^negative * significand * 2^exponent, or one of the other kinds.
struct UnpackedFloat {
  enum class Kind : std::uint8_t { kFinite, kInfinity, kNan };
  bool negative = false;
  Kind kind = Kind::kFinite;
  std::uint32_t significand = 0;  ///< with the hidden one; 0 = zero
  int exponent = 0;               ///< of the significand's lowest bit
};

UnpackedFloat unpack_float(std::uint32_t bits, const FloatFormat& format);
/// Rounds (-1)^negative * significand * 2^exponent. Bits that were shifted out before must have been ored into the
/// significand's lowest bit, two places or more below the last that is kept.
std::uint32_t round_float(bool negative, std::uint64_t significand, int exponent, const FloatFormat& format);

/// The product of two numbers of any formats, rounded once to `result`. A product of an infinity and zero is NaN.
std::uint32_t multiply_floats(const UnpackedFloat& a, const UnpackedFloat& b, const FloatFormat& result);
/// The sum of two numbers, aligned with guard, round and sticky bits and rounded once. x - x is +0; the sum of
/// opposite infinities is NaN.
std::uint32_t add_floats(const UnpackedFloat& a, const UnpackedFloat& b, const FloatFormat& result);

/// Nearest number of the format, and the number that bits stand for (exact).
std::uint32_t float_of(double value, const FloatFormat& format);
double value_of(std::uint32_t bits, const FloatFormat& format);

}  // namespace ldpsim
