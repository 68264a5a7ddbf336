// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/lut_kernels.hpp"

#include <algorithm>

// Compiled once for each of: SSSE3, AVX2, AVX-512.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/datapath/lut_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

// NOLINTBEGIN(readability-identifier-naming): what is compiled once a target is named as Highway names its operations
HWY_BEFORE_NAMESPACE();
namespace ldpsim::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using I32 = hn::ScalableTag<std::int32_t>;

void BuildLuts(LutForm form, const std::int32_t* HWY_RESTRICT codes, std::int64_t groups,
               std::int32_t* HWY_RESTRICT tables) {
  const I32 d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t inputs = lut_inputs(form);
  for (std::int64_t group = 0; group < groups; ++group, codes += inputs * kLutLanes, tables += kLutEntries * kLutLanes)
    for (std::int64_t lane = 0; lane < kLutLanes; lane += lanes) {
      // without its bit an input counts nothing, or negative
      const auto zero = hn::Zero(d);
      hn::Vec<I32> entry[kLutEntries];
      entry[0] = form == LutForm::kSubsets ? zero : hn::LoadU(d, codes + 3 * kLutLanes + lane);
      for (std::int64_t input = 0, known = 1; input < 3; ++input, known *= 2) {
        const auto code = hn::LoadU(d, codes + input * kLutLanes + lane);
        for (std::int64_t a = 0; a < known; ++a) {
          entry[known + a] = hn::Add(entry[a], code);
          if (form == LutForm::kSigns) entry[a] = hn::Sub(entry[a], code);
        }
      }
      for (std::int64_t a = 0; a < kLutEntries; ++a) hn::StoreU(entry[a], d, tables + a * kLutLanes + lane);
    }
}

template <LutForm kForm>
HWY_INLINE void ReadLutsOf(const std::int32_t* HWY_RESTRICT tables, const std::uint8_t* HWY_RESTRICT addresses,
                           std::int64_t groups, std::int32_t* HWY_RESTRICT sums) {
  const I32 d;
  constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(I32())), kRegisters = kLutLanes / kLanes;
  hn::Vec<I32> sum[kRegisters];
  for (std::int64_t r = 0; r < kRegisters; ++r) sum[r] = hn::Zero(d);
  for (std::int64_t group = 0; group < groups; ++group) {
    const std::int32_t address = addresses[group];
    const std::int32_t* entry = tables + (group * kLutEntries + (address & 7)) * kLutLanes;
    const auto negate = hn::Set(d, -(address >> 3));
    for (std::int64_t r = 0; r < kRegisters; ++r) {
      auto read = hn::LoadU(d, entry + r * kLanes);
      if constexpr (kForm == LutForm::kSigns) read = hn::Sub(hn::Xor(read, negate), negate);
      sum[r] = hn::Add(sum[r], read);
    }
  }
  for (std::int64_t r = 0; r < kRegisters; ++r) hn::StoreU(sum[r], d, sums + r * kLanes);
}

void ReadLuts(LutForm form, const std::int32_t* tables, const std::uint8_t* addresses, std::int64_t groups,
              std::int32_t* sums) {
  if (form == LutForm::kSubsets) {
    ReadLutsOf<LutForm::kSubsets>(tables, addresses, groups, sums);
  } else {
    ReadLutsOf<LutForm::kSigns>(tables, addresses, groups, sums);
  }
}

}  // namespace ldpsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
// NOLINTEND(readability-identifier-naming)

#if HWY_ONCE
namespace ldpsim {

HWY_EXPORT(BuildLuts);
HWY_EXPORT(ReadLuts);

void build_luts(LutForm form, const std::int32_t* codes, std::int64_t groups, std::int32_t* tables) {
  HWY_DYNAMIC_DISPATCH(BuildLuts)(form, codes, groups, tables);
}

void read_luts(LutForm form, const std::int32_t* tables, const std::uint8_t* addresses, std::int64_t groups,
               std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(ReadLuts)(form, tables, addresses, groups, sums);
}

}  // namespace ldpsim
#endif  // HWY_ONCE
