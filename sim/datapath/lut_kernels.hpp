// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ldpsim {

/// Look-up tables of sums in registers as wide as the processor has: kLutLanes tables of the same inputs of different
/// rows lie side by side, so that one address reads all of them.
inline constexpr std::int64_t kLutLanes = 32;
inline constexpr std::int64_t kLutEntries = 8;
/// Groups of inputs that one call may add up without leaving 32 bits: 4 * 65535 * 8191 < 2^31.
inline constexpr std::int64_t kMostLutGroups = 8191;

/// How a group of inputs becomes eight entries.
///   kSubsets  three inputs; entry a is the sum of the inputs whose bit in `a` is set
///   kSigns    four inputs; entry a is the sum of all, the inputs 0..2 negative where their bit in `a` is clear. The
///             other eight sums of +-inputs are the negatives of these
enum class LutForm { kSubsets, kSigns };
constexpr std::int64_t lut_inputs(LutForm form) { return form == LutForm::kSubsets ? 3 : 4; }

/// tables[group][entry][lane] of codes[input][lane], lut_inputs(form) inputs a group.
void build_luts(LutForm form, const std::int32_t* codes, std::int64_t groups, std::int32_t* tables);

/// An address as read_luts takes it: bits 0..2 select the entry; of kSigns, bit 3 set negates what is read.
/// `bits` holds the bits of the serial operand, the first input's in bit 0.
constexpr std::uint8_t lut_address(LutForm form, unsigned bits) {
  if (form == LutForm::kSubsets) return static_cast<std::uint8_t>(bits & 7u);
  return static_cast<std::uint8_t>((bits & 8u) != 0 ? bits & 7u : (~bits & 7u) | 8u);
}

/// sums[lane] = sum over the groups of the entry that addresses[group] reads. At most kMostLutGroups groups.
void read_luts(LutForm form, const std::int32_t* tables, const std::uint8_t* addresses, std::int64_t groups,
               std::int32_t* sums);

}  // namespace ldpsim
