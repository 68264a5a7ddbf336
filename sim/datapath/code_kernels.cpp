// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/code_kernels.hpp"

#include <algorithm>

// Compiled once for each of: SSSE3, AVX2, AVX-512. The others in between gain nothing.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/datapath/code_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

// NOLINTBEGIN(readability-identifier-naming): what is compiled once a target is named as Highway names its operations
HWY_BEFORE_NAMESPACE();
namespace ldpsim::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#define LDPSIM_UNROLL _Pragma("GCC unroll 16")

using U32 = hn::ScalableTag<std::uint32_t>;
using I32 = hn::ScalableTag<std::int32_t>;
using I16 = hn::ScalableTag<std::int16_t>;
using VU32 = hn::Vec<U32>;
using VI32 = hn::Vec<I32>;

HWY_INLINE std::int64_t Lanes32() { return static_cast<std::int64_t>(hn::Lanes(U32())); }

/// total + both products of each pair; every sum stays in the lane of its pair.
HWY_INLINE VI32 AddProducts(VU32 a, VU32 b, VI32 total) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR
  VI32 unused = hn::Zero(I32());
  return hn::ReorderWidenMulAccumulate(I32(), hn::BitCast(I16(), a), hn::BitCast(I16(), b), total, unused);
#else
  const VI32 x = hn::BitCast(I32(), a), y = hn::BitCast(I32(), b);
  const auto low = [](VI32 v) { return hn::ShiftRight<16>(hn::ShiftLeft<16>(v)); };
  const VI32 both = hn::Add(hn::Mul(low(x), low(y)), hn::Mul(hn::ShiftRight<16>(x), hn::ShiftRight<16>(y)));
  return hn::Add(total, both);
#endif
}

#if HWY_TARGET != HWY_SCALAR
template <int kStep>
HWY_INLINE VI32 LoadStepped(const std::int32_t* codes) {
  const I32 d;
  if constexpr (kStep == 1) return hn::LoadU(d, codes);
  const VI32 lower = hn::LoadU(d, codes), upper = hn::LoadU(d, codes + hn::Lanes(d));
  return hn::ConcatEven(d, upper, lower);
}

/// Whole registers of codes kStep (1 or 2) apart; returns how many pairs were made.
template <int kStep>
std::int64_t PairRegisters(const CodeRows& rows, CodePart part, std::uint32_t* HWY_RESTRICT pairs) {
  const I32 d;
  const std::int64_t lanes = Lanes32();
  const VI32 mask = hn::Set(d, part.mask);
  std::int64_t i = 0;
  // the last register of two loads reaches one code too far
  for (; i + lanes + kStep - 1 <= rows.count; i += lanes) {
    VI32 pair = hn::And(hn::ShiftRightSame(LoadStepped<kStep>(rows.low + kStep * i), part.shift), mask);
    if (rows.high != nullptr) {
      const VI32 high = hn::And(hn::ShiftRightSame(LoadStepped<kStep>(rows.high + kStep * i), part.shift), mask);
      pair = hn::Or(pair, hn::ShiftLeft<16>(high));
    }
    hn::StoreU(hn::BitCast(U32(), pair), U32(), pairs + i);
  }
  return i;
}
#endif

void PairCodes(const CodeRows& rows, CodePart part, std::uint32_t* HWY_RESTRICT pairs) {
  std::int64_t i = 0;
#if HWY_TARGET != HWY_SCALAR
  if (rows.step == 1) i = PairRegisters<1>(rows, part, pairs);
  if (rows.step == 2) i = PairRegisters<2>(rows, part, pairs);
#endif
  for (; i < rows.count; ++i) {
    const auto number = [&](const std::int32_t* codes) {
      return static_cast<std::uint32_t>(codes[i * rows.step] >> part.shift & part.mask);
    };
    pairs[i] = number(rows.low) | (rows.high != nullptr ? number(rows.high) << 16 : 0u);
  }
}

template <int kRegisters>
HWY_INLINE void WindowBlock(const WindowProducts& o, std::int64_t first, std::int64_t pitch,
                            std::int32_t* HWY_RESTRICT out) {
  const U32 d;
  const std::int64_t lanes = Lanes32();
  const std::uint32_t* moving[kRegisters];
  VI32 sums[kRegisters][kFilterBlock];
  LDPSIM_UNROLL
  for (int w = 0; w < kRegisters; ++w) {
    moving[w] = o.moving + o.windows[first + w];
    LDPSIM_UNROLL
    for (int f = 0; f < kFilterBlock; ++f) sums[w][f] = hn::Zero(I32());
  }
  const std::uint32_t* HWY_RESTRICT stationary = o.stationary;
  for (std::int64_t step = 0; step < o.step_count; ++step) {
    const std::int64_t offset = o.steps[step];
    VU32 pairs[kRegisters];
    LDPSIM_UNROLL
    for (int w = 0; w < kRegisters; ++w) pairs[w] = hn::LoadU(d, moving[w] + offset);
    LDPSIM_UNROLL
    for (int f = 0; f < kFilterBlock; ++f) {
      const VU32 code = hn::Set(d, stationary[f]);
      LDPSIM_UNROLL
      for (int w = 0; w < kRegisters; ++w) sums[w][f] = AddProducts(pairs[w], code, sums[w][f]);
    }
    stationary += kFilterBlock;
  }
  LDPSIM_UNROLL
  for (int f = 0; f < kFilterBlock; ++f) {
    LDPSIM_UNROLL
    for (int w = 0; w < kRegisters; ++w) hn::StoreU(sums[w][f], I32(), out + f * pitch + (first + w) * lanes);
  }
}

void MultiplyWindows(const WindowProducts& operands, std::int64_t pitch, std::int32_t* out) {
  std::int64_t w = 0;
  for (; w + 2 <= operands.window_count; w += 2) WindowBlock<2>(operands, w, pitch, out);
  if (w < operands.window_count) WindowBlock<1>(operands, w, pitch, out);
}

template <int kWindows>
HWY_INLINE void PlaceBlock(const PlaceProducts& o, std::int64_t first, std::int64_t pitch,
                           std::int64_t* HWY_RESTRICT out) {
  const U32 d;
  const I32 di;
  const std::int64_t lanes = Lanes32();
  const std::uint32_t* moving[kWindows];
  VI32 sums[kWindows][kFilterBlock];
  LDPSIM_UNROLL
  for (int w = 0; w < kWindows; ++w) {
    moving[w] = o.moving + o.windows[first + w];
    LDPSIM_UNROLL
    for (int f = 0; f < kFilterBlock; ++f) sums[w][f] = hn::Zero(di);
  }
  const std::uint32_t* HWY_RESTRICT stationary = o.stationary;
  for (std::int64_t row = 0; row < o.row_count; ++row) {
    const std::int64_t end = o.rows[row] + o.width;
    for (std::int64_t word = o.rows[row]; word < end; word += lanes) {
      VU32 pairs[kWindows];
      LDPSIM_UNROLL
      for (int w = 0; w < kWindows; ++w) pairs[w] = hn::LoadU(d, moving[w] + word);
      LDPSIM_UNROLL
      for (int f = 0; f < kFilterBlock; ++f) {
        const VU32 codes = hn::LoadU(d, stationary + f * o.filter_pitch);
        LDPSIM_UNROLL
        for (int w = 0; w < kWindows; ++w) sums[w][f] = AddProducts(pairs[w], codes, sums[w][f]);
      }
      stationary += lanes;
    }
  }
  LDPSIM_UNROLL
  for (int f = 0; f < kFilterBlock; ++f) {
    LDPSIM_UNROLL
    for (int w = 0; w < kWindows; ++w) out[f * pitch + first + w] += hn::GetLane(hn::SumOfLanes(di, sums[w][f]));
  }
}

void MultiplyPlaces(const PlaceProducts& operands, std::int64_t pitch, std::int64_t* out) {
  std::int64_t w = 0;
  for (; w + 2 <= operands.window_count; w += 2) PlaceBlock<2>(operands, w, pitch, out);
  if (w < operands.window_count) PlaceBlock<1>(operands, w, pitch, out);
}

struct LaneRange {
  VI32 least, most;
};

/// One register of windows: kScaledFilters filters, all channels.
HWY_INLINE void ScaledWindow(const ScaledProducts& o, std::int64_t w, double* HWY_RESTRICT values, std::int64_t pitch,
                             LaneRange& range) {
  const U32 d;
  const I32 di;
  const hn::ScalableTag<double> dd;
  const hn::Half<I32> half;
  using VD = hn::Vec<decltype(dd)>;
  const VI32 real = hn::VecFromMask(di, hn::FirstN(di, static_cast<std::size_t>(o.counts[w])));
  VD lower[kScaledFilters], upper[kScaledFilters];
  LDPSIM_UNROLL
  for (int f = 0; f < kScaledFilters; ++f) lower[f] = upper[f] = hn::Zero(dd);
  const std::uint32_t* HWY_RESTRICT stationary = o.stationary;
  for (std::int64_t c = 0; c < o.channel_count; ++c) {
    const std::uint32_t* moving = o.moving + c * o.channel_step + o.windows[w];
    VI32 sums[kScaledFilters];
    LDPSIM_UNROLL
    for (int f = 0; f < kScaledFilters; ++f) sums[f] = hn::Zero(di);
    for (std::int64_t s = 0; s < o.step_count; ++s) {
      const VU32 pairs = hn::LoadU(d, moving + o.steps[s]);
      LDPSIM_UNROLL
      for (int f = 0; f < kScaledFilters; ++f) sums[f] = AddProducts(pairs, hn::Set(d, stationary[f]), sums[f]);
      stationary += kScaledFilters;
    }
    LDPSIM_UNROLL
    for (int f = 0; f < kScaledFilters; ++f) {
      const VI32 known = hn::And(sums[f], real);
      range.least = hn::Min(range.least, known);
      range.most = hn::Max(range.most, known);
      const VD scale = hn::Set(dd, o.scales[c * kScaledFilters + f]);
      lower[f] = hn::Add(lower[f], hn::Mul(hn::PromoteTo(dd, hn::LowerHalf(half, sums[f])), scale));
      upper[f] = hn::Add(upper[f], hn::Mul(hn::PromoteTo(dd, hn::UpperHalf(half, sums[f])), scale));
    }
  }
  LDPSIM_UNROLL
  for (int f = 0; f < kScaledFilters; ++f) {
    double* out = values + f * pitch + w * Lanes32();
    hn::StoreU(lower[f], dd, out);
    hn::StoreU(upper[f], dd, out + hn::Lanes(dd));
  }
}

void MultiplyScaled(const ScaledProducts& operands, std::int64_t pitch, double* values, SumRange& range) {
  const I32 d;
  LaneRange lanes{hn::Zero(d), hn::Zero(d)};
  for (std::int64_t w = 0; w < operands.window_count; ++w) ScaledWindow(operands, w, values, pitch, lanes);
  range.least = std::min<std::int64_t>(range.least, hn::GetLane(hn::MinOfLanes(d, lanes.least)));
  range.most = std::max<std::int64_t>(range.most, hn::GetLane(hn::MaxOfLanes(d, lanes.most)));
}

void PairNeighbours(std::uint32_t* words, std::int64_t count, std::int64_t step) {
  const U32 d;
  const std::int64_t lanes = Lanes32();
  const VU32 mask = hn::Set(d, 0xFFFFu);
  std::int64_t i = 0;
  // ascending: what lies `step` on still has its own code alone
  for (; i + lanes <= count; i += lanes) {
    const VU32 next = hn::ShiftLeft<16>(hn::LoadU(d, words + i + step));
    hn::StoreU(hn::Or(hn::And(hn::LoadU(d, words + i), mask), next), d, words + i);
  }
  for (; i < count; ++i) words[i] = (words[i] & 0xFFFFu) | words[i + step] << 16;
}

std::int64_t PairLanes() { return Lanes32(); }

void AddPairs(const std::uint32_t* HWY_RESTRICT pairs, std::int64_t count, int shift, std::int32_t* HWY_RESTRICT sums) {
  const U32 d;
  const I32 di;
  const std::int64_t lanes = Lanes32();
  const VU32 ones = hn::Set(d, 0x00010001u);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const VI32 sum = hn::ShiftLeftSame(AddProducts(hn::LoadU(d, pairs + i), ones, hn::Zero(di)), shift);
    hn::StoreU(hn::Add(hn::LoadU(di, sums + i), sum), di, sums + i);
  }
  for (; i < count; ++i) {
    const std::int32_t sum = static_cast<std::int16_t>(pairs[i]) + static_cast<std::int16_t>(pairs[i] >> 16);
    sums[i] += sum * (1 << shift);
  }
}

void SumSteps(const std::int32_t* HWY_RESTRICT sums, const std::int64_t* HWY_RESTRICT windows,
              std::int64_t window_count, const std::int64_t* HWY_RESTRICT steps, std::int64_t step_count,
              std::int32_t* HWY_RESTRICT out) {
  const I32 d;
  const std::int64_t lanes = Lanes32();
  for (std::int64_t w = 0; w < window_count; ++w) {
    VI32 total = hn::Zero(d);
    for (std::int64_t s = 0; s < step_count; ++s) total = hn::Add(total, hn::LoadU(d, sums + windows[w] + steps[s]));
    hn::StoreU(total, d, out + w * lanes);
  }
}

std::int64_t SumPlaces(const std::int32_t* HWY_RESTRICT sums, const std::int64_t* HWY_RESTRICT rows,
                       std::int64_t row_count, std::int64_t width) {
  const I32 d;
  const std::int64_t lanes = Lanes32();
  VI32 total = hn::Zero(d);
  std::int64_t rest = 0;
  for (std::int64_t r = 0; r < row_count; ++r) {
    const std::int32_t* row = sums + rows[r];
    std::int64_t i = 0;
    for (; i + lanes <= width; i += lanes) total = hn::Add(total, hn::LoadU(d, row + i));
    for (; i < width; ++i) rest += row[i];
  }
  HWY_ALIGN std::int32_t lane[HWY_MAX_BYTES / sizeof(std::int32_t)];
  hn::Store(total, d, lane);
  for (std::int64_t i = 0; i < lanes; ++i) rest += lane[i];
  return rest;
}

}  // namespace ldpsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
// NOLINTEND(readability-identifier-naming)

#if HWY_ONCE
namespace ldpsim {

HWY_EXPORT(PairLanes);
HWY_EXPORT(PairCodes);
HWY_EXPORT(MultiplyWindows);
HWY_EXPORT(MultiplyPlaces);
HWY_EXPORT(MultiplyScaled);
HWY_EXPORT(PairNeighbours);
HWY_EXPORT(AddPairs);
HWY_EXPORT(SumSteps);
HWY_EXPORT(SumPlaces);

std::int64_t pair_lanes() { return HWY_DYNAMIC_DISPATCH(PairLanes)(); }

void pair_codes(const CodeRows& rows, CodePart part, std::uint32_t* pairs) {
  HWY_DYNAMIC_DISPATCH(PairCodes)(rows, part, pairs);
}

void multiply_windows(const WindowProducts& operands, std::int64_t pitch, std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(MultiplyWindows)(operands, pitch, out);
}

void multiply_places(const PlaceProducts& operands, std::int64_t pitch, std::int64_t* out) {
  HWY_DYNAMIC_DISPATCH(MultiplyPlaces)(operands, pitch, out);
}

void multiply_scaled(const ScaledProducts& operands, std::int64_t pitch, double* values, SumRange& range) {
  HWY_DYNAMIC_DISPATCH(MultiplyScaled)(operands, pitch, values, range);
}

void pair_neighbours(std::uint32_t* words, std::int64_t count, std::int64_t step) {
  HWY_DYNAMIC_DISPATCH(PairNeighbours)(words, count, step);
}

void add_pairs(const std::uint32_t* pairs, std::int64_t count, int shift, std::int32_t* sums) {
  HWY_DYNAMIC_DISPATCH(AddPairs)(pairs, count, shift, sums);
}

void sum_steps(const std::int32_t* sums, const std::int64_t* windows, std::int64_t window_count,
               const std::int64_t* steps, std::int64_t step_count, std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(SumSteps)(sums, windows, window_count, steps, step_count, out);
}

std::int64_t sum_places(const std::int32_t* sums, const std::int64_t* rows, std::int64_t row_count,
                        std::int64_t width) {
  return HWY_DYNAMIC_DISPATCH(SumPlaces)(sums, rows, row_count, width);
}

}  // namespace ldpsim
#endif  // HWY_ONCE
