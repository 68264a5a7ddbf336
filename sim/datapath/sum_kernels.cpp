// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/sum_kernels.hpp"

#include <algorithm>

// Compiled once for each of: SSSE3, AVX2, AVX-512. The others in between gain nothing.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/datapath/sum_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

// NOLINTBEGIN(readability-identifier-naming): what is compiled once a target is named as Highway names its operations
HWY_BEFORE_NAMESPACE();
namespace ldpsim::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void AddScaled(const std::int32_t* HWY_RESTRICT sums, std::int64_t count, double scale, double* HWY_RESTRICT values,
               SumRange& range) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto smallest = hn::Zero(d32), largest = hn::Zero(d32);
  const auto factor = hn::Set(d, scale);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto sum = hn::LoadU(d32, sums + i);
    smallest = hn::Min(smallest, sum);
    largest = hn::Max(largest, sum);
    hn::StoreU(hn::Add(hn::LoadU(d, values + i), hn::Mul(hn::PromoteTo(d, sum), factor)), d, values + i);
  }
  std::int32_t least = hn::GetLane(hn::MinOfLanes(d32, smallest)), most = hn::GetLane(hn::MaxOfLanes(d32, largest));
  for (; i < count; ++i) {
    least = std::min(least, sums[i]);
    most = std::max(most, sums[i]);
    values[i] += scale * sums[i];
  }
  range.least = std::min<std::int64_t>(range.least, least);
  range.most = std::max<std::int64_t>(range.most, most);
}

/// Numbers -2^51 .. 2^51-1 as real ones: added to the bits of 1.5 * 2^52 a number is that one's fraction.
template <class V>
HWY_INLINE hn::Vec<hn::ScalableTag<double>> SmallAsReal(V number) {
  const hn::ScalableTag<double> d;
  const auto base = hn::Set(d, 6755399441055744.0);
  return hn::Sub(hn::BitCast(d, hn::Add(number, hn::BitCast(hn::ScalableTag<std::int64_t>(), base))), base);
}

/// The rest of less than a register, or of large products.
void DequantiseRest(const Dequantisation& s, std::int64_t first, std::int64_t count, double* HWY_RESTRICT values,
                    SumRange& range) {
  for (std::int64_t i = first; i < count; ++i) {
    double value = s.factor[0] * static_cast<double>(s.products[i]);
    value += s.factor[1] * s.moving[i];
    value += s.factor[2] * s.stationary[i];
    values[i] = value + s.factor[3] * s.taps[i];
    range.least = std::min(range.least, s.products[i]);
    range.most = std::max(range.most, s.products[i]);
  }
}

void Dequantise(const Dequantisation& s, std::int64_t count, double* HWY_RESTRICT values, SumRange& range) {
  if (!s.small) return DequantiseRest(s, 0, count, values, range);
  const hn::ScalableTag<double> d;
  const hn::ScalableTag<std::int64_t> d64;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto f0 = hn::Set(d, s.factor[0]), f1 = hn::Set(d, s.factor[1]), f2 = hn::Set(d, s.factor[2]),
             f3 = hn::Set(d, s.factor[3]);
  auto least = hn::Zero(d), most = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto product = SmallAsReal(hn::LoadU(d64, s.products + i));
    least = hn::Min(least, product);
    most = hn::Max(most, product);
    auto value = hn::Mul(f0, product);
    value = hn::Add(value, hn::Mul(f1, hn::LoadU(d, s.moving + i)));
    value = hn::Add(value, hn::Mul(f2, hn::LoadU(d, s.stationary + i)));
    value = hn::Add(value, hn::Mul(f3, hn::LoadU(d, s.taps + i)));
    hn::StoreU(value, d, values + i);
  }
  range.least = std::min(range.least, static_cast<std::int64_t>(hn::GetLane(hn::MinOfLanes(d, least))));
  range.most = std::max(range.most, static_cast<std::int64_t>(hn::GetLane(hn::MaxOfLanes(d, most))));
  DequantiseRest(s, i, count, values, range);
}

void Widen(const std::int64_t* HWY_RESTRICT sums, std::int64_t count, SumRange& range) {
  const hn::ScalableTag<std::int64_t> d;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto smallest = hn::Set(d, range.least), largest = hn::Set(d, range.most);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto sum = hn::LoadU(d, sums + i);
    smallest = hn::Min(smallest, sum);
    largest = hn::Max(largest, sum);
  }
  HWY_ALIGN std::int64_t lane[HWY_MAX_BYTES / sizeof(std::int64_t)];
  hn::Store(smallest, d, lane);
  range.least = *std::min_element(lane, lane + lanes);
  hn::Store(largest, d, lane);
  range.most = *std::max_element(lane, lane + lanes);
  for (; i < count; ++i) {
    range.least = std::min(range.least, sums[i]);
    range.most = std::max(range.most, sums[i]);
  }
}

void AddWide(const std::int32_t* HWY_RESTRICT sums, std::int64_t count, int shift, std::int64_t* HWY_RESTRICT out) {
  const hn::ScalableTag<std::int64_t> d;
  const hn::Rebind<std::int32_t, decltype(d)> d32;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto sum = hn::ShiftLeftSame(hn::PromoteTo(d, hn::LoadU(d32, sums + i)), shift);
    hn::StoreU(hn::Add(hn::LoadU(d, out + i), sum), d, out + i);
  }
  for (; i < count; ++i) out[i] += sums[i] * (std::int64_t{1} << shift);
}

}  // namespace ldpsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
// NOLINTEND(readability-identifier-naming)

#if HWY_ONCE
namespace ldpsim {

HWY_EXPORT(AddScaled);
HWY_EXPORT(Dequantise);
HWY_EXPORT(Widen);
HWY_EXPORT(AddWide);

void add_scaled(const std::int32_t* sums, std::int64_t count, double scale, double* values, SumRange& range) {
  HWY_DYNAMIC_DISPATCH(AddScaled)(sums, count, scale, values, range);
}

void dequantise(const Dequantisation& sums, std::int64_t count, double* values, SumRange& range) {
  HWY_DYNAMIC_DISPATCH(Dequantise)(sums, count, values, range);
}

void widen(const std::int64_t* sums, std::int64_t count, SumRange& range) {
  HWY_DYNAMIC_DISPATCH(Widen)(sums, count, range);
}

void add_wide(const std::int32_t* sums, std::int64_t count, int shift, std::int64_t* out) {
  HWY_DYNAMIC_DISPATCH(AddWide)(sums, count, shift, out);
}

}  // namespace ldpsim
#endif  // HWY_ONCE
