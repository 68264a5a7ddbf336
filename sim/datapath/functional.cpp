// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/functional.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

constexpr std::array kOverflows{std::pair{Overflow::kSplit, "split"}, std::pair{Overflow::kWrap, "wrap"},
                                std::pair{Overflow::kSaturate, "saturate"}};
constexpr int kMostAccumulatorBits = 62;  // sums of a few accumulators still fit int64

struct CodeRange {
  std::int64_t least, most;
};

CodeRange code_range(int bits, bool is_signed) {
  if (is_signed) return {-(std::int64_t{1} << (bits - 1)), (std::int64_t{1} << (bits - 1)) - 1};
  return {0, (std::int64_t{1} << bits) - 1};
}

}  // namespace

const char* name_of(Overflow overflow) {
  for (const auto& [value, name] : kOverflows) {
    if (value == overflow) return name;
  }
  throw InternalError("overflow mode without a name");
}

Overflow overflow_of(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const auto& [value, known] : kOverflows) {
    if (name == known) return value;
    names.emplace_back(known);
  }
  throw UserError(where, "unknown overflow mode '" + name + "'", allowed_hint(name, names));
}

AccumulatorRange accumulator_range(const AccumulatorSpec& spec, PassBits bits) {
  if (spec.bits < 1 || spec.bits > kMostAccumulatorBits) {
    throw UserError("accumulator", "accumulator_bits is " + std::to_string(spec.bits), "allowed: 1 to 62");
  }
  const CodeRange range = code_range(spec.bits, bits.moving_signed || bits.stationary_signed);
  return {range.least, range.most};
}

std::int64_t products_that_fit(const AccumulatorSpec& spec, PassBits bits) {
  const AccumulatorRange range = accumulator_range(spec, bits);
  const CodeRange m = code_range(bits.moving, bits.moving_signed),
                  s = code_range(bits.stationary, bits.stationary_signed);
  const auto [least, most] = std::minmax({m.least * s.least, m.least * s.most, m.most * s.least, m.most * s.most});
  std::int64_t fit = std::numeric_limits<std::int64_t>::max();
  if (most > 0) fit = std::min(fit, range.most / most);
  if (least < 0) fit = std::min(fit, range.least / least);
  return fit;
}

std::int64_t spills_per_output(const AccumulatorSpec& spec, PassBits bits, std::int64_t reduction) {
  const std::int64_t fit = products_that_fit(spec, bits);
  if (fit == 0) {
    throw UserError("accumulator",
                    "one product of " + std::to_string(bits.moving) + " by " + std::to_string(bits.stationary) +
                        " bits does not fit accumulator_bits " + std::to_string(spec.bits),
                    "raise accumulator_bits, or choose overflow wrap or saturate");
  }
  return ceil_div(reduction, fit) - 1;
}

int accumulator_bits_for(std::int64_t least, std::int64_t most, PassBits bits) {
  const auto width = [](std::int64_t magnitude) {
    return static_cast<int>(std::bit_width(static_cast<std::uint64_t>(magnitude)));
  };
  if (!bits.moving_signed && !bits.stationary_signed) return std::max(1, width(most));
  return 1 + std::max(width(std::max<std::int64_t>(most, 0)), width(least < 0 ? -(least + 1) : 0));
}

TileRange whole_group(const Problem& problem, std::int64_t group) {
  TileRange tile;
  tile.group = group;
  tile.last = loop_extents(problem).extent;
  return tile;
}

}  // namespace ldpsim
