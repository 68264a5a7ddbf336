// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/minifloat.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

using Kind = UnpackedFloat::Kind;

/// Places below the operands' lowest: up to 8 that a wider result keeps of them, then guard, round and sticky.
constexpr int kGuardBits = 11;

std::uint32_t with_sign(bool negative, std::uint32_t magnitude, const FloatFormat& format) {
  return negative ? magnitude | format.sign_bit() : magnitude;
}

/// significand >> shift, with a one in the lowest place if any one was lost.
std::uint64_t shift_right_sticky(std::uint64_t significand, int shift) {
  if (shift == 0) return significand;
  if (shift > 63) return significand != 0 ? 1 : 0;
  const std::uint64_t lost = significand & ((std::uint64_t{1} << shift) - 1);
  return significand >> shift | (lost != 0 ? 1u : 0u);
}

/// significand >> shift to nearest, ties to even.
std::uint64_t shift_right_nearest(std::uint64_t significand, int shift) {
  if (shift > 63) return 0;
  const std::uint64_t kept = significand >> shift, lost = significand & ((std::uint64_t{1} << shift) - 1);
  const std::uint64_t half = std::uint64_t{1} << (shift - 1);
  return kept + (lost > half || (lost == half && (kept & 1u) != 0) ? 1u : 0u);
}

}  // namespace

FloatFormat float_format_of(const std::string& text, const std::string& where) {
  static const std::array<std::pair<std::string, FloatFormat>, 4> kFormats{
      {{"1-4-3", {4, 3}}, {"1-5-2", {5, 2}}, {"1-5-10", {5, 10}}, {"1-6-9", {6, 9}}}};
  for (const auto& [name, format] : kFormats) {
    if (name == text) return format;
  }
  std::vector<std::string> names;
  for (const auto& [name, format] : kFormats) names.push_back(name);
  throw UserError(where, "unknown floating-point format '" + text + "'", allowed_hint(text, names));
}

UnpackedFloat unpack_float(std::uint32_t bits, const FloatFormat& format) {
  UnpackedFloat number;
  number.negative = (bits & format.sign_bit()) != 0;
  const std::uint32_t magnitude = bits & (format.sign_bit() - 1u);
  if (magnitude >= format.infinity()) {
    number.kind = magnitude == format.infinity() ? Kind::kInfinity : Kind::kNan;
    return number;
  }
  const std::uint32_t hidden = 1u << format.mantissa_bits;
  const int field = static_cast<int>(magnitude >> format.mantissa_bits);
  number.significand = (magnitude & (hidden - 1u)) | (field > 0 ? hidden : 0u);
  number.exponent = std::max(field, 1) - format.bias() - format.mantissa_bits;
  return number;
}

std::uint32_t round_float(bool negative, std::uint64_t significand, int exponent, const FloatFormat& format) {
  if (significand == 0) return with_sign(negative, 0, format);
  const int leading = exponent + static_cast<int>(std::bit_width(significand)) - 1;
  const int kept = std::max(leading, format.least_exponent());
  const int shift = kept - format.mantissa_bits - exponent;
  const std::uint64_t rounded = shift > 0 ? shift_right_nearest(significand, shift) : significand << -shift;
  // the hidden one of a normal number, and a carry of rounding, add one to the exponent field, which starts a step low
  const std::uint64_t field = static_cast<std::uint64_t>(kept - format.least_exponent());
  const std::uint64_t magnitude = (field << format.mantissa_bits) + rounded;
  if (magnitude < format.infinity()) return with_sign(negative, static_cast<std::uint32_t>(magnitude), format);
  return with_sign(negative, format.overflow == FloatOverflow::kInfinity ? format.infinity() : format.largest(),
                   format);
}

std::uint32_t multiply_floats(const UnpackedFloat& a, const UnpackedFloat& b, const FloatFormat& result) {
  const bool negative = a.negative != b.negative;
  if (a.kind == Kind::kFinite && b.kind == Kind::kFinite) {
    return round_float(negative, std::uint64_t{a.significand} * b.significand, a.exponent + b.exponent, result);
  }
  const auto is_zero = [](const UnpackedFloat& x) { return x.kind == Kind::kFinite && x.significand == 0; };
  if (a.kind == Kind::kNan || b.kind == Kind::kNan || is_zero(a) || is_zero(b)) return result.nan();
  return with_sign(negative, result.infinity(), result);
}

std::uint32_t add_floats(const UnpackedFloat& a, const UnpackedFloat& b, const FloatFormat& result) {
  if (a.kind != Kind::kFinite || b.kind != Kind::kFinite) {
    const bool opposite = a.kind == b.kind && a.negative != b.negative;
    if (a.kind == Kind::kNan || b.kind == Kind::kNan || opposite) return result.nan();
    return with_sign(a.kind == Kind::kInfinity ? a.negative : b.negative, result.infinity(), result);
  }
  if (a.significand == 0 && b.significand == 0) return with_sign(a.negative && b.negative, 0, result);
  // zeros have an exponent of their own format and must not decide the alignment
  const bool swap = a.significand == 0 || (b.significand != 0 && b.exponent > a.exponent);
  const UnpackedFloat &high = swap ? b : a, &low = swap ? a : b;
  const std::uint64_t first = std::uint64_t{high.significand} << kGuardBits;
  const std::uint64_t second = low.significand == 0 ? 0
                                                    : shift_right_sticky(std::uint64_t{low.significand} << kGuardBits,
                                                                         high.exponent - low.exponent);
  const int exponent = high.exponent - kGuardBits;
  if (high.negative == low.negative) return round_float(high.negative, first + second, exponent, result);
  if (first == second) return 0;
  const bool negative = first > second ? high.negative : low.negative;
  return round_float(negative, first > second ? first - second : second - first, exponent, result);
}

std::uint32_t float_of(double value, const FloatFormat& format) {
  if (std::isnan(value)) return format.nan();
  const bool negative = std::signbit(value);
  if (std::isinf(value)) return with_sign(negative, format.infinity(), format);
  if (value == 0) return with_sign(negative, 0, format);
  int exponent = 0;
  const double fraction = std::frexp(std::abs(value), &exponent);
  constexpr int kDigits = std::numeric_limits<double>::digits;
  return round_float(negative, static_cast<std::uint64_t>(std::ldexp(fraction, kDigits)), exponent - kDigits, format);
}

double value_of(std::uint32_t bits, const FloatFormat& format) {
  const UnpackedFloat number = unpack_float(bits, format);
  double value = std::ldexp(static_cast<double>(number.significand), number.exponent);
  if (number.kind == Kind::kInfinity) value = std::numeric_limits<double>::infinity();
  if (number.kind == Kind::kNan) value = std::numeric_limits<double>::quiet_NaN();
  return number.negative ? -value : value;
}

}  // namespace ldpsim
