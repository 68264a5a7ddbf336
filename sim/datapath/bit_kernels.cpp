// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/bit_kernels.hpp"

#include <algorithm>
#include <array>
#include <utility>

// Compiled once for each of: SSSE3, AVX2, AVX-512 with VPOPCNTDQ. The others in between gain nothing.
#define HWY_WANT_AVX3_DL
#define HWY_DISABLED_TARGETS (HWY_SSE4 | HWY_AVX3)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sim/datapath/bit_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

// NOLINTBEGIN(readability-identifier-naming): what is compiled once a target is named as Highway names its operations
HWY_BEFORE_NAMESPACE();
namespace ldpsim::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Loops over planes are unrolled at once, so that their registers never become an array in memory.
#define LDPSIM_UNROLL _Pragma("GCC unroll 16")

using U32 = hn::ScalableTag<std::uint32_t>;
using I32 = hn::ScalableTag<std::int32_t>;
using I16 = hn::ScalableTag<std::int16_t>;
using U8 = hn::ScalableTag<std::uint8_t>;
using VU32 = hn::Vec<U32>;
using VI32 = hn::Vec<I32>;
using VI16 = hn::Vec<I16>;
using VU8 = hn::Vec<U8>;

constexpr bool kHasNibbleTable = HWY_TARGET == HWY_AVX2;

void PackPlanes(const std::uint8_t* HWY_RESTRICT bytes, std::int64_t words, int planes,
                std::uint32_t* HWY_RESTRICT rows) {
  const hn::CappedTag<std::uint8_t, 32> d;
  const std::size_t lanes = hn::Lanes(d);
  for (std::int64_t word = 0; word < words; ++word) {
    for (std::size_t part = 0; part < 32; part += lanes) {
      const auto codes = hn::LoadU(d, bytes + word * 32 + static_cast<std::int64_t>(part));
      for (int plane = 0; plane < planes; ++plane) {
        const auto bit = hn::TestBit(codes, hn::Set(d, static_cast<std::uint8_t>(1u << plane)));
        hn::StoreMaskBits(d, bit, reinterpret_cast<std::uint8_t*>(rows + word * planes + plane) + part / 8);
      }
    }
  }
}

/// Sum of the codes of one row, plane by plane.
HWY_INLINE std::int64_t RowSum(const std::uint32_t* HWY_RESTRICT bits, const PlaneRows& rows) {
  int counts[kMostPlanes] = {};
  for (std::int64_t word = 0; word < rows.words; ++word) {
    for (int plane = 0; plane < rows.planes; ++plane) counts[plane] += __builtin_popcount(bits[plane]);
    bits += rows.planes;
  }
  std::int64_t sum = 0;
  for (int plane = 0; plane < rows.planes; ++plane) sum += std::int64_t{counts[plane]} << plane;
  return rows.negative ? sum - (std::int64_t{counts[rows.planes - 1]} << rows.planes) : sum;
}

/// The same where planes recur in the same lanes of every register.
HWY_INLINE std::int64_t AlignedRowSum(const std::uint32_t* HWY_RESTRICT bits, const PlaneRows& rows, VI32 weights) {
  const U32 d;
  const std::int64_t size = rows.words * rows.planes, lanes = static_cast<std::int64_t>(hn::Lanes(d));
  VU32 counts = hn::Zero(d);
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes) counts = hn::Add(counts, hn::PopulationCount(hn::LoadU(d, bits + i)));
  const I32 di;
  std::int64_t sum = hn::GetLane(hn::SumOfLanes(di, hn::Mul(hn::BitCast(di, counts), weights)));
  for (; i < size; ++i) {
    const int plane = static_cast<int>(i % rows.planes);
    const std::int64_t weighted = std::int64_t{__builtin_popcount(bits[i])} << plane;
    sum += rows.negative && plane == rows.planes - 1 ? -weighted : weighted;
  }
  return sum;
}

void SumRows(const PlaneRows& rows, std::int64_t* HWY_RESTRICT sums) {
  const I32 d;
  const int lanes = static_cast<int>(hn::Lanes(d));
  const std::int64_t size = rows.words * rows.planes;
  if (lanes % rows.planes != 0 || size < lanes || rows.words > kMostWords) {
    for (std::int64_t r = 0; r < rows.count; ++r) sums[r] = RowSum(rows.data + r * size, rows);
    return;
  }
  HWY_ALIGN std::int32_t weight[HWY_MAX_BYTES / sizeof(std::int32_t)];
  for (int i = 0; i < lanes; ++i) {
    const int plane = i % rows.planes;
    weight[i] = rows.negative && plane == rows.planes - 1 ? -(1 << plane) : 1 << plane;
  }
  const VI32 weights = hn::Load(d, weight);
  for (std::int64_t r = 0; r < rows.count; ++r) sums[r] = AlignedRowSum(rows.data + r * size, rows, weights);
}

// ---- counting by nibble: two table look-ups a byte, counts kept in bytes until they might overflow

/// Sums of neighbouring bytes times `weight`, as 16-bit numbers.
HWY_INLINE VI16 WeightedPairs(VU8 counts, std::int16_t weight) {
#if HWY_TARGET == HWY_AVX2
  return VI16{_mm256_maddubs_epi16(counts.raw, _mm256_set1_epi8(static_cast<char>(weight)))};
#else
  const hn::ScalableTag<std::uint16_t> d;
  const auto pairs = hn::BitCast(d, counts);
  const auto sum = hn::Add(hn::And(pairs, hn::Set(d, 0xFF)), hn::ShiftRight<8>(pairs));
  return hn::Mul(hn::BitCast(I16(), sum), hn::Set(I16(), weight));
#endif
}

/// Sums of neighbouring 16-bit numbers times `weight`, as 32-bit numbers.
HWY_INLINE VI32 WeightedQuads(VI16 pairs, std::int16_t weight) {
#if HWY_TARGET == HWY_AVX2
  return VI32{_mm256_madd_epi16(pairs.raw, _mm256_set1_epi16(weight))};
#else
  const auto quads = hn::BitCast(I32(), pairs);
  const auto sum = hn::Add(hn::ShiftRight<16>(quads), hn::ShiftRight<16>(hn::ShiftLeft<16>(quads)));
  return hn::Mul(sum, hn::Set(I32(), weight));
#endif
}

/// Popcounts of all planes of a panel block ANDed with kSteps planes of a broadcast row, weighted: one serial step.
/// Not inlined: hoisted out of a loop over steps, the constants of its end would push the counts out of the registers.
template <int kPlanes, int kSteps, bool kNegative>
HWY_NOINLINE VI32 NibbleStep(const std::uint32_t* HWY_RESTRICT panel, std::int64_t words,
                             const std::uint32_t* HWY_RESTRICT row, int row_planes, int weight) {
  const U32 d32;
  const U8 d8;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d32));
  HWY_ALIGN static constexpr std::uint8_t kCounts[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
  const VU8 table = hn::LoadDup128(d8, kCounts);
  const VU8 twice = hn::Add(table, table);
  VU8 counts[kPlanes];
  LDPSIM_UNROLL
  for (int j = 0; j < kPlanes; ++j) counts[j] = hn::Zero(d8);
  for (std::int64_t word = 0; word < words; ++word) {
    const VU32 low = hn::Set(d32, row[0]), high = hn::ShiftRight<4>(low);
    VU32 next_low = low, next_high = high;
    if (kSteps == 2) next_low = hn::Set(d32, row[1]), next_high = hn::ShiftRight<4>(next_low);
    LDPSIM_UNROLL
    for (int j = 0; j < kPlanes; ++j) {
      const VU32 panel_low = hn::Load(d32, panel + 2 * j * lanes),
                 panel_high = hn::Load(d32, panel + (2 * j + 1) * lanes);
      VU8 sum = hn::Add(hn::TableLookupBytes(table, hn::BitCast(d8, hn::And(panel_low, low))),
                        hn::TableLookupBytes(table, hn::BitCast(d8, hn::And(panel_high, high))));
      if (kSteps == 2) {
        const VU8 next = hn::Add(hn::TableLookupBytes(twice, hn::BitCast(d8, hn::And(panel_low, next_low))),
                                 hn::TableLookupBytes(twice, hn::BitCast(d8, hn::And(panel_high, next_high))));
        sum = hn::Add(sum, next);
      }
      counts[j] = hn::Add(counts[j], sum);
    }
    panel += 2 * kPlanes * lanes;
    row += row_planes;
  }
  // planes 0-3 and 4-7 apart, so that 16 bits hold their sums
  VI16 sums[2] = {hn::Zero(I16()), hn::Zero(I16())};
  LDPSIM_UNROLL
  for (int j = 0; j < kPlanes; ++j) {
    const int magnitude = 1 << (j & 3);
    sums[j >> 2] = hn::Add(
        sums[j >> 2],
        WeightedPairs(counts[j], static_cast<std::int16_t>(kNegative && j == kPlanes - 1 ? -magnitude : magnitude)));
  }
  VI32 total = WeightedQuads(sums[0], static_cast<std::int16_t>(weight));
  if (kPlanes > 4) total = hn::Add(total, WeightedQuads(sums[1], static_cast<std::int16_t>(16 * weight)));
  return total;
}

// ---- counting by instruction: counts stay in 32-bit lanes, planes of equal weight share a register

template <int kPlanes, int kSteps, bool kNegative>
HWY_INLINE VI32 CountStep(const std::uint32_t* HWY_RESTRICT panel, std::int64_t words,
                          const std::uint32_t* HWY_RESTRICT row, int row_planes, int weight_log2) {
  const U32 d32;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d32));
  VU32 counts[kPlanes + kSteps - 1];
  LDPSIM_UNROLL
  for (int k = 0; k < kPlanes + kSteps - 1; ++k) counts[k] = hn::Zero(d32);
  for (std::int64_t word = 0; word < words; ++word) {
    VU32 planes[kPlanes];
    LDPSIM_UNROLL
    for (int j = 0; j < kPlanes; ++j) planes[j] = hn::Load(d32, panel + j * lanes);
    LDPSIM_UNROLL
    for (int i = 0; i < kSteps; ++i) {
      const VU32 bits = hn::Set(d32, row[i]);
      LDPSIM_UNROLL
      for (int j = 0; j < kPlanes; ++j) {
        const VU32 count = hn::PopulationCount(hn::And(planes[j], bits));
        counts[i + j] = kNegative && j == kPlanes - 1 ? hn::Sub(counts[i + j], count) : hn::Add(counts[i + j], count);
      }
    }
    panel += kPlanes * lanes;
    row += row_planes;
  }
  VU32 total = hn::Zero(d32);
  LDPSIM_UNROLL
  for (int k = kPlanes + kSteps - 2; k >= 0; --k) total = hn::Add(hn::Add(total, total), counts[k]);
  return hn::BitCast(I32(), hn::ShiftLeftSame(total, weight_log2));
}

// ---- one block of a panel times all rows

struct BlockArguments {
  const std::uint32_t* panel;  ///< of the block, at its first word
  const std::uint32_t* rows;   ///< at the first word of the first row
  std::int64_t row_count, row_stride, words;
  int row_planes;
  bool row_negative;
  std::int32_t* out;
  std::int64_t pitch;
};

template <int kPlanes, int kDigit, bool kNegative>
HWY_INLINE void NibbleBlock(const BlockArguments& a) {
  const I32 d;
  // a byte holds 31 words of counts of up to 8, or 10 of up to 24
  constexpr std::int64_t kWords = kDigit == 2 ? 10 : 31;
  const std::int64_t word_size = 2 * kPlanes * static_cast<std::int64_t>(hn::Lanes(d));
  const int positive = a.row_planes - (a.row_negative ? 1 : 0);
  for (std::int64_t first = 0; first < a.words; first += kWords) {
    const std::int64_t words = std::min(kWords, a.words - first);
    const std::uint32_t* panel = a.panel + first * word_size;
    for (std::int64_t r = 0; r < a.row_count; ++r) {
      const std::uint32_t* row = a.rows + r * a.row_stride + first * a.row_planes;
      VI32 total = first == 0 ? hn::Zero(d) : hn::LoadU(d, a.out + r * a.pitch);
      int i = 0;
      for (; i + kDigit <= positive; i += kDigit) {
        total = hn::Add(total, NibbleStep<kPlanes, kDigit, kNegative>(panel, words, row + i, a.row_planes, 1 << i));
      }
      for (; i < a.row_planes; ++i) {
        total = hn::Add(total, NibbleStep<kPlanes, 1, kNegative>(panel, words, row + i, a.row_planes,
                                                                 i < positive ? 1 << i : -(1 << i)));
      }
      hn::StoreU(total, d, a.out + r * a.pitch);
    }
  }
}

template <int kPlanes, bool kNegative>
HWY_INLINE void CountBlock(const BlockArguments& a) {
  const I32 d;
  const int positive = a.row_planes - (a.row_negative ? 1 : 0);
  for (std::int64_t r = 0; r < a.row_count; ++r) {
    const std::uint32_t* row = a.rows + r * a.row_stride;
    VI32 total = hn::Zero(d);
    int i = 0;
    for (; i + 4 <= positive; i += 4)
      total = hn::Add(total, CountStep<kPlanes, 4, kNegative>(a.panel, a.words, row + i, a.row_planes, i));
    for (; i + 2 <= positive; i += 2)
      total = hn::Add(total, CountStep<kPlanes, 2, kNegative>(a.panel, a.words, row + i, a.row_planes, i));
    for (; i < a.row_planes; ++i) {
      const VI32 step = CountStep<kPlanes, 1, kNegative>(a.panel, a.words, row + i, a.row_planes, i);
      total = i < positive ? hn::Add(total, step) : hn::Sub(total, step);
    }
    hn::StoreU(total, d, a.out + r * a.pitch);
  }
}

template <int kPlanes, bool kNegative>
void Block(const BlockArguments& a, int digit, PopcountPath path) {
  if constexpr (kHasNibbleTable) {
    if (path == PopcountPath::kNibbleTable)
      return digit == 2 ? NibbleBlock<kPlanes, 2, kNegative>(a) : NibbleBlock<kPlanes, 1, kNegative>(a);
  }
  (void)digit, (void)path;
  CountBlock<kPlanes, kNegative>(a);
}

using BlockFunction = void (*)(const BlockArguments&, int, PopcountPath);

template <bool kNegative, int... kPlanesLess1>
constexpr std::array<BlockFunction, kMostPlanes> BlockFunctions(std::integer_sequence<int, kPlanesLess1...>) {
  return {&Block<kPlanesLess1 + 1, kNegative>...};
}

void MultiplyPlanes(const PlaneRows& panel, const PlaneRows& rows, std::int64_t first_word, std::int64_t word_count,
                    int digit, PopcountPath path, std::int32_t* out) {
  static constexpr auto kPositive = BlockFunctions<false>(std::make_integer_sequence<int, kMostPlanes>());
  static constexpr auto kNegative = BlockFunctions<true>(std::make_integer_sequence<int, kMostPlanes>());
  const std::size_t index = static_cast<std::size_t>(panel.planes - 1);
  const BlockFunction block = panel.negative ? kNegative[index] : kPositive[index];
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(U32())),
                     halves = path == PopcountPath::kNibbleTable ? 2 : 1;
  const std::int64_t word_size = panel.planes * halves * lanes, blocks = (panel.count + lanes - 1) / lanes;
  for (std::int64_t b = 0; b < blocks; ++b) {
    block({.panel = panel.data + (b * panel.words + first_word) * word_size,
           .rows = rows.data + first_word * rows.planes,
           .row_count = rows.count,
           .row_stride = rows.words * rows.planes,
           .words = word_count,
           .row_planes = rows.planes,
           .row_negative = rows.negative,
           .out = out + b * lanes,
           .pitch = blocks * lanes},
          digit, path);
  }
}

// ---- few taps: lanes are outputs, the serial operand's bits are masks

/// 2^low * (a + 2b) of two neighbouring planes, widened: 32 taps of 255 leave room for the factor 3 in 15 bits.
template <int kPlanes>
HWY_INLINE void AddPlanes(const VI16* HWY_RESTRICT sums, bool negative, VI32& lower, VI32& upper) {
  const I16 d16;
  const I32 d32;
  LDPSIM_UNROLL
  for (int j = 0; j < kPlanes; j += 2) {
    VI16 pair = sums[j];
    if (j == kPlanes - 1 && negative) pair = hn::Neg(pair);
    if (j + 1 < kPlanes) {
      const VI16 twice = hn::Add(sums[j + 1], sums[j + 1]);
      pair = j + 1 == kPlanes - 1 && negative ? hn::Sub(pair, twice) : hn::Add(pair, twice);
    }
    const hn::Half<I16> half;
    lower = hn::Add(lower, hn::ShiftLeftSame(hn::PromoteTo(d32, hn::LowerHalf(half, pair)), j));
    upper = hn::Add(upper, hn::ShiftLeftSame(hn::PromoteTo(d32, hn::UpperHalf(half, pair)), j));
  }
  (void)d16;
}

template <int kPlanes>
void SerialSumOf(const SerialSum& s, std::int32_t* HWY_RESTRICT out) {
  constexpr std::int64_t kChunk = 32;
  const I16 d16;
  const U32 d32;
  const I32 di32;
  const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d16));
  for (std::int64_t lane = 0; lane < s.lanes; lane += lanes) {
    VI32 lower = hn::Zero(di32), upper = hn::Zero(di32);
    for (std::int64_t first = 0; first < s.tap_count; first += kChunk) {
      VI16 sums[kPlanes];
      LDPSIM_UNROLL
      for (int j = 0; j < kPlanes; ++j) sums[j] = hn::Zero(d16);
      const std::int64_t last = std::min(first + kChunk, s.tap_count);
      for (std::int64_t tap = first; tap < last; ++tap) {
        const VI16 parallel = hn::LoadU(d16, s.taps + tap * s.pitch + lane);
        LDPSIM_UNROLL
        for (int j = 0; j < kPlanes; ++j) {
          sums[j] = hn::Add(sums[j], hn::And(parallel, hn::BitCast(d16, hn::Set(d32, s.masks[tap * kPlanes + j]))));
        }
      }
      AddPlanes<kPlanes>(sums, s.negative, lower, upper);
    }
    hn::StoreU(lower, di32, out + lane);
    hn::StoreU(upper, di32, out + lane + lanes / 2);
  }
}

template <int... kPlanesLess1>
void DispatchSerialSum(const SerialSum& s, std::int32_t* out, std::integer_sequence<int, kPlanesLess1...>) {
  using Function = void (*)(const SerialSum&, std::int32_t*);
  static constexpr Function kFunctions[] = {&SerialSumOf<kPlanesLess1 + 1>...};
  kFunctions[s.planes - 1](s, out);
}

void SerialSumAny(const SerialSum& s, std::int32_t* out) {
  DispatchSerialSum(s, out, std::make_integer_sequence<int, kMostPlanes>());
}

std::int64_t LaneCount() { return static_cast<std::int64_t>(hn::Lanes(U32())); }
bool HasNibbleTable() { return kHasNibbleTable; }
const char* TargetName() { return hwy::TargetName(HWY_TARGET); }

}  // namespace ldpsim::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
// NOLINTEND(readability-identifier-naming)

#if HWY_ONCE
namespace ldpsim {

HWY_EXPORT(PackPlanes);
HWY_EXPORT(MultiplyPlanes);
HWY_EXPORT(SumRows);
HWY_EXPORT(SerialSumAny);
HWY_EXPORT(LaneCount);
HWY_EXPORT(HasNibbleTable);
HWY_EXPORT(TargetName);

namespace {

std::optional<PopcountPath> forced_path;

PopcountPath popcount_path() {
  const bool has_table = HWY_DYNAMIC_DISPATCH(HasNibbleTable)();
  if (!has_table) return PopcountPath::kInstruction;
  return forced_path.value_or(PopcountPath::kNibbleTable);
}

}  // namespace

KernelShape kernel_shape() {
  return {HWY_DYNAMIC_DISPATCH(LaneCount)(), popcount_path() == PopcountPath::kNibbleTable ? 2 : 1};
}

const char* kernel_target() { return HWY_DYNAMIC_DISPATCH(TargetName)(); }

bool force_popcount_path(std::optional<PopcountPath> path) {
  forced_path = path;
  return !path || popcount_path() == *path;
}

void pack_planes(const std::uint8_t* bytes, std::int64_t words, int planes, std::uint32_t* rows) {
  HWY_DYNAMIC_DISPATCH(PackPlanes)(bytes, words, planes, rows);
}

std::int64_t panel_size(std::int64_t rows, std::int64_t words, int planes) {
  const KernelShape shape = kernel_shape();
  return (rows + shape.lanes - 1) / shape.lanes * shape.lanes * words * planes * shape.halves;
}

void fill_panel(const std::uint32_t* rows, std::int64_t row_count, std::int64_t words, int planes,
                std::uint32_t* panel) {
  const KernelShape shape = kernel_shape();
  const std::int64_t row_size = words * planes, block_size = row_size * shape.halves * shape.lanes;
  std::fill_n(panel, panel_size(row_count, words, planes), 0u);
  for (std::int64_t row = 0; row < row_count; ++row) {
    std::uint32_t* lane = panel + row / shape.lanes * block_size + row % shape.lanes;
    for (std::int64_t i = 0; i < row_size; ++i) {
      const std::uint32_t bits = rows[row * row_size + i];
      if (shape.halves == 1) {
        lane[i * shape.lanes] = bits;
      } else {
        lane[2 * i * shape.lanes] = bits & 0x0F0F0F0Fu;
        lane[(2 * i + 1) * shape.lanes] = bits >> 4 & 0x0F0F0F0Fu;
      }
    }
  }
}

void multiply_planes(const PlaneRows& panel, const PlaneRows& rows, std::int64_t first_word, std::int64_t word_count,
                     int digit, std::int32_t* out) {
  HWY_DYNAMIC_DISPATCH(MultiplyPlanes)(panel, rows, first_word, word_count, digit, popcount_path(), out);
}

void sum_rows(const PlaneRows& rows, std::int64_t* sums) { HWY_DYNAMIC_DISPATCH(SumRows)(rows, sums); }

void serial_sum(const SerialSum& operands, std::int32_t* out) { HWY_DYNAMIC_DISPATCH(SerialSumAny)(operands, out); }

}  // namespace ldpsim
#endif  // HWY_ONCE
