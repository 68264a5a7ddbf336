// SPDX-License-Identifier: Apache-2.0
#include "frontend/conv/winograd_kernels.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

// Compiled once for each of: SSE4 and below, AVX2, AVX-512.
#define HWY_DISABLED_TARGETS (HWY_SSE4 | HWY_AVX3_DL)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "frontend/conv/winograd_kernels.cpp"
#include <hwy/foreach_target.h>  // must come before highway.h

#include <hwy/highway.h>

// NOLINTBEGIN(readability-identifier-naming): what is compiled once a target is named as Highway names its operations
HWY_BEFORE_NAMESPACE();
namespace ldpsim::conv::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#define LDPSIM_UNROLL _Pragma("GCC unroll 36")

using D = hn::CappedTag<float, kPanel>;
using V = hn::Vec<D>;
constexpr D d;
constexpr int kLanes = static_cast<int>(hn::MaxLanes(d));
constexpr int kVectors = static_cast<int>(kPanel) / kLanes;  // of a panel
// as many rows as leave registers for a panel's vectors and a factor
constexpr int kRows = kLanes == 16 ? 12 : kLanes == 8 ? 6 : 3;

HWY_INLINE V Times(V x, float factor) { return hn::Mul(x, hn::Set(d, factor)); }
HWY_INLINE V PlusTimes(V sum, V x, float factor) { return hn::MulAdd(x, hn::Set(d, factor), sum); }

// One dimension of each transform: matrices B^T, G and A^T of Lavin and Gray, section 4.3, and transposes of the last
// two.

struct WindowTransform {  // B^T
  static constexpr int kFrom = 6, kTo = 6;
  static HWY_INLINE void Run(const V* x, V* to) {
    to[0] = PlusTimes(PlusTimes(x[4], x[2], -5), x[0], 4);
    to[5] = PlusTimes(PlusTimes(x[5], x[3], -5), x[1], 4);
    const V even = PlusTimes(x[4], x[2], -4), odd = PlusTimes(x[3], x[1], -4);
    to[1] = hn::Add(even, odd);
    to[2] = hn::Sub(even, odd);
    const V outer = hn::Sub(x[4], x[2]), inner = hn::Sub(x[3], x[1]);
    to[3] = PlusTimes(outer, inner, 2);
    to[4] = PlusTimes(outer, inner, -2);
  }
};

struct WeightTransform {  // G
  static constexpr int kFrom = 3, kTo = 6;
  static HWY_INLINE void Run(const V* w, V* to) {
    const V ends = hn::Add(w[0], w[2]);
    to[0] = Times(w[0], 1.0f / 4);
    to[1] = Times(hn::Add(ends, w[1]), -1.0f / 6);
    to[2] = Times(hn::Sub(ends, w[1]), -1.0f / 6);
    const V even = PlusTimes(Times(w[2], 1.0f / 6), w[0], 1.0f / 24), odd = Times(w[1], 1.0f / 12);
    to[3] = hn::Add(even, odd);
    to[4] = hn::Sub(even, odd);
    to[5] = w[2];
  }
};

struct WeightUntransform {  // G^T
  static constexpr int kFrom = 6, kTo = 3;
  static HWY_INLINE void Run(const V* z, V* to) {
    const V one = hn::Add(z[1], z[2]), two = hn::Add(z[3], z[4]);
    to[0] = PlusTimes(PlusTimes(Times(z[0], 1.0f / 4), one, -1.0f / 6), two, 1.0f / 24);
    to[1] = PlusTimes(Times(hn::Sub(z[2], z[1]), 1.0f / 6), hn::Sub(z[3], z[4]), 1.0f / 12);
    to[2] = hn::Add(Times(hn::Sub(two, one), 1.0f / 6), z[5]);
  }
};

struct TileUntransform {  // A^T
  static constexpr int kFrom = 6, kTo = 4;
  static HWY_INLINE void Run(const V* m, V* to) {
    const V a = hn::Add(m[1], m[2]), b = hn::Sub(m[1], m[2]), c = hn::Add(m[3], m[4]), e = hn::Sub(m[3], m[4]);
    to[0] = hn::Add(hn::Add(m[0], a), c);
    to[1] = PlusTimes(b, e, 2);
    to[2] = PlusTimes(a, c, 4);
    to[3] = hn::Add(PlusTimes(b, e, 8), m[5]);
  }
};

struct TileTransform {  // A
  static constexpr int kFrom = 4, kTo = 6;
  static HWY_INLINE void Run(const V* y, V* to) {
    const V even = hn::Add(y[0], y[2]), odd = hn::Add(y[1], y[3]);
    to[0] = y[0];
    to[1] = hn::Add(even, odd);
    to[2] = hn::Sub(even, odd);
    const V far_even = PlusTimes(y[0], y[2], 4), far_odd = PlusTimes(Times(y[1], 2), y[3], 8);
    to[3] = hn::Add(far_even, far_odd);
    to[4] = hn::Sub(far_even, far_odd);
    to[5] = y[3];
  }
};

/// Both dimensions: load(row, column) gives a value, store(row, column, value) takes one.
template <typename Transform, typename Load, typename Store>
HWY_INLINE void InBothDimensions(const Load& load, const Store& store) {
  constexpr int kFrom = Transform::kFrom, kTo = Transform::kTo;
  V half[kTo][kFrom];
  for (int column = 0; column < kFrom; ++column) {
    V in[kFrom], out[kTo];
    LDPSIM_UNROLL
    for (int row = 0; row < kFrom; ++row) in[row] = load(row, column);
    Transform::Run(in, out);
    LDPSIM_UNROLL
    for (int row = 0; row < kTo; ++row) half[row][column] = out[row];
  }
  for (int row = 0; row < kTo; ++row) {
    V out[kTo];
    Transform::Run(half[row], out);
    LDPSIM_UNROLL
    for (int column = 0; column < kTo; ++column) store(row, column, out[column]);
  }
}

/// Where the pixels of a square of an image begin; those outside of it are at `outside`. Tiles follow each other.
template <int kSize, typename Pixel>
class Squares {
 public:
  HWY_INLINE Squares(const Tiles& tiles, Pixel* images, std::int64_t first, std::int64_t margin, Pixel* outside)
      : tiles_(tiles),
        outside_(outside),
        margin_(margin),
        image_(images + first / tiles.of_image() * tiles.height * tiles.width * tiles.channels),
        top_(first % tiles.of_image() / tiles.across() * kTile - margin),
        left_(first % tiles.across() * kTile - margin) {}

  HWY_INLINE void Next(Pixel* (&pixels)[kSize * kSize]) {
    const std::int64_t line = tiles_.width * tiles_.channels;
    Pixel* const corner = image_ + top_ * line + left_ * tiles_.channels;
    if (top_ >= 0 && left_ >= 0 && top_ + kSize <= tiles_.height && left_ + kSize <= tiles_.width) {
      LDPSIM_UNROLL
      for (int i = 0; i < kSize * kSize; ++i) pixels[i] = corner + i / kSize * line + i % kSize * tiles_.channels;
    } else {
      for (int i = 0; i < kSize * kSize; ++i) {
        const std::int64_t y = top_ + i / kSize, x = left_ + i % kSize;
        const bool inside = y >= 0 && y < tiles_.height && x >= 0 && x < tiles_.width;
        pixels[i] = inside ? corner + i / kSize * line + i % kSize * tiles_.channels : outside_;
      }
    }
    left_ += kTile;
    if (left_ + margin_ < tiles_.width) return;
    left_ = -margin_;
    top_ += kTile;
    if (top_ + margin_ < tiles_.height) return;
    top_ = -margin_;
    image_ += tiles_.height * line;
  }

 private:
  const Tiles tiles_;
  Pixel* const outside_;
  const std::int64_t margin_;
  Pixel* image_;
  std::int64_t top_, left_;
};

/// Squares of kSize x kSize pixels to planes; `outside` holds as many zeros as there are channels.
template <typename Transform>
HWY_INLINE void TransformSquares(const Tiles& tiles, const float* images, std::int64_t margin, const float* outside,
                                 std::int64_t first, std::int64_t count, const Planes& to) {
  constexpr int kSize = Transform::kFrom;
  const float* pixels[kSize * kSize];
  const std::int64_t distance = to.distance();
  Squares<kSize, const float> squares(tiles, images, first, margin, outside);
  for (std::int64_t tile = 0; tile < count; ++tile) {
    squares.Next(pixels);
    for (std::int64_t channel = 0; channel < tiles.channels; channel += kLanes) {
      float* out = to.panel(0, channel / kPanel) + tile * kPanel + channel % kPanel;
      InBothDimensions<Transform>([&](int row, int column)
                                      HWY_ATTR { return hn::LoadU(d, pixels[row * kSize + column] + channel); },
                                  [&](int row, int column, V value)
                                      HWY_ATTR { hn::StoreU(value, d, out + (row * kInput + column) * distance); });
    }
  }
}

void TransformWindows(const Tiles& tiles, const float* x, const float* outside, std::int64_t first, std::int64_t count,
                      const Planes& to) {
  TransformSquares<WindowTransform>(tiles, x, 1, outside, first, count, to);
}

void TransformTiles(const Tiles& tiles, const float* y, const float* outside, std::int64_t first, std::int64_t count,
                    const Planes& to) {
  TransformSquares<TileTransform>(tiles, y, 0, outside, first, count, to);
}

void UntransformTiles(const Tiles& tiles, const Planes& from, std::int64_t first, std::int64_t count, float* y,
                      float* outside) {
  float* pixels[kTile * kTile];
  const std::int64_t distance = from.distance();
  Squares<kTile, float> squares(tiles, y, first, 0, outside);
  for (std::int64_t tile = 0; tile < count; ++tile) {
    squares.Next(pixels);
    for (std::int64_t channel = 0; channel < tiles.channels; channel += kLanes) {
      const float* in = from.panel(0, channel / kPanel) + tile * kPanel + channel % kPanel;
      InBothDimensions<TileUntransform>(
          [&](int row, int column) HWY_ATTR { return hn::LoadU(d, in + (row * kInput + column) * distance); },
          [&](int row, int column, V value) HWY_ATTR { hn::StoreU(value, d, pixels[row * kTile + column] + channel); });
    }
  }
}

/// planes[frequency][o][lane]: of kLanes inner channels of the tap set at `weight`, transformed.
HWY_INLINE void TransformTaps(const float* weight, std::int64_t inner, bool turned, std::int64_t o,
                              float (*planes)[kPanel][kLanes]) {
  InBothDimensions<WeightTransform>(
      [&](int row, int column) HWY_ATTR {
        const int tap = turned ? 8 - (row * 3 + column) : row * 3 + column;
        return hn::LoadU(d, weight + tap * inner);
      },
      [&](int row, int column, V value) HWY_ATTR { hn::Store(value, d, planes[row * kInput + column][o]); });
}

void TransformWeight(const float* weight, std::int64_t outer, std::int64_t inner, bool turned, const Planes& to) {
  HWY_ALIGN float planes[kFrequencies][kPanel][kLanes];
  for (std::int64_t first = 0; first < outer; first += kPanel) {
    for (std::int64_t i = 0; i < inner; i += kLanes) {
      for (std::int64_t o = 0; o < kPanel; ++o)
        TransformTaps(weight + (first + o) * 9 * inner + i, inner, turned, o, planes);
      for (int frequency = 0; frequency < kFrequencies; ++frequency) {
        const auto& plane = planes[frequency];
        if (turned) {
          float* out = to.panel(frequency, i / kPanel) + first * kPanel + i % kPanel;
          for (std::int64_t o = 0; o < kPanel; ++o) std::copy_n(plane[o], kLanes, out + o * kPanel);
        } else {
          float* out = to.panel(frequency, first / kPanel) + i * kPanel;
          for (int lane = 0; lane < kLanes; ++lane) {
            for (std::int64_t o = 0; o < kPanel; ++o) out[lane * kPanel + o] = plane[o][lane];
          }
        }
      }
    }
  }
}

void UntransformWeight(const Planes& from, float* weight) {
  const std::int64_t outer = from.channels, inner = from.rows;
  HWY_ALIGN float taps[9][kLanes];
  for (std::int64_t o = 0; o < outer; o += kLanes) {
    for (std::int64_t i = 0; i < inner; ++i) {
      const float* in = from.panel(0, o / kPanel) + i * kPanel + o % kPanel;
      InBothDimensions<WeightUntransform>(
          [&](int row, int column) HWY_ATTR { return hn::LoadU(d, in + (row * kInput + column) * from.distance()); },
          [&](int row, int column, V value) HWY_ATTR { hn::Store(value, d, taps[row * 3 + column]); });
      for (int lane = 0; lane < kLanes; ++lane) {
        for (int tap = 0; tap < 9; ++tap) weight[((o + lane) * 9 + tap) * inner + i] = taps[tap][lane];
      }
    }
  }
}

/// rows x kPanel sums, kept in registers over `depth` products of a[row * row_distance + k * step] and b[k][kPanel].
template <int rows>
struct Sums {
  V values[rows][kVectors];

  HWY_INLINE void Clear() {
    LDPSIM_UNROLL
    for (int row = 0; row < rows; ++row) {
      LDPSIM_UNROLL
      for (int v = 0; v < kVectors; ++v) values[row][v] = hn::Zero(d);
    }
  }
  HWY_INLINE void Add(const float* HWY_RESTRICT a, std::int64_t row_distance, std::int64_t step,
                      const float* HWY_RESTRICT b, std::int64_t depth) {
    for (std::int64_t k = 0; k < depth; ++k) {
      V factor[kVectors];
      LDPSIM_UNROLL
      for (int v = 0; v < kVectors; ++v) factor[v] = hn::LoadU(d, b + k * kPanel + v * kLanes);
      LDPSIM_UNROLL
      for (int row = 0; row < rows; ++row) {
        const V other = hn::Set(d, a[row * row_distance + k * step]);
        LDPSIM_UNROLL
        for (int v = 0; v < kVectors; ++v) values[row][v] = hn::MulAdd(other, factor[v], values[row][v]);
      }
    }
  }
  HWY_INLINE void Load(const float* c) {
    LDPSIM_UNROLL
    for (int row = 0; row < rows; ++row) {
      LDPSIM_UNROLL
      for (int v = 0; v < kVectors; ++v) values[row][v] = hn::LoadU(d, c + row * kPanel + v * kLanes);
    }
  }
  HWY_INLINE void Store(float* c) const {
    LDPSIM_UNROLL
    for (int row = 0; row < rows; ++row) {
      LDPSIM_UNROLL
      for (int v = 0; v < kVectors; ++v) hn::StoreU(values[row][v], d, c + row * kPanel + v * kLanes);
    }
  }
};

/// Calls block(rows, first) for blocks of kRows rows and, at the end, one of fewer.
template <int rows = kRows, typename Block>
HWY_INLINE void InBlocks(std::int64_t count, std::int64_t first, const Block& block) {
  for (; first + rows <= count; first += rows) block(std::integral_constant<int, rows>(), first);
  if constexpr (rows > 1) {
    if (first < count) InBlocks<rows - 1>(count, first, block);
  }
}

void Multiply(const Planes& windows, const Planes& weight, std::int64_t count, const Planes& product) {
  for (std::int64_t frequency = 0; frequency < kFrequencies; ++frequency) {
    for (std::int64_t to = 0; to < product.channels / kPanel; ++to) {
      const float* taps = weight.panel(frequency, to);
      float* out = product.panel(frequency, to);
      InBlocks(count, 0, [&](auto rows, std::int64_t first) HWY_ATTR {
        Sums<rows> sums;
        sums.Clear();
        for (std::int64_t from = 0; from < windows.channels / kPanel; ++from) {
          sums.Add(windows.panel(frequency, from) + first * kPanel, kPanel, 1, taps + from * kPanel * kPanel, kPanel);
        }
        sums.Store(out + first * kPanel);
      });
    }
  }
}

void MultiplyTiles(const Planes& windows, const Planes& gradients, std::int64_t count, std::int64_t first,
                   std::int64_t last, const Planes& sums) {
  for (std::int64_t frequency = first; frequency < last; ++frequency) {
    for (std::int64_t from = 0; from < windows.channels / kPanel; ++from) {
      const float* a = windows.panel(frequency, from);
      for (std::int64_t to = 0; to < gradients.channels / kPanel; ++to) {
        float* out = sums.panel(frequency, to) + from * kPanel * kPanel;
        InBlocks(kPanel, 0, [&](auto rows, std::int64_t row) HWY_ATTR {
          Sums<rows> block;
          block.Load(out + row * kPanel);
          block.Add(a + row, 1, kPanel, gradients.panel(frequency, to), count);
          block.Store(out + row * kPanel);
        });
      }
    }
  }
}

}  // namespace ldpsim::conv::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
// NOLINTEND(readability-identifier-naming)

#if HWY_ONCE
namespace ldpsim::conv {

HWY_EXPORT(TransformWindows);
HWY_EXPORT(TransformTiles);
HWY_EXPORT(UntransformTiles);
HWY_EXPORT(TransformWeight);
HWY_EXPORT(UntransformWeight);
HWY_EXPORT(Multiply);
HWY_EXPORT(MultiplyTiles);

namespace {

/// A pixel's worth of zeros to read, or of memory to write what nobody reads.
float* outside(std::int64_t channels, std::vector<float>& memory) {
  if (memory.size() < static_cast<std::size_t>(channels)) memory.resize(static_cast<std::size_t>(channels));
  return memory.data();
}

thread_local std::vector<float> zeros, dump;

}  // namespace

void transform_windows(const Tiles& tiles, const float* x, std::int64_t first, std::int64_t count, const Planes& to) {
  HWY_DYNAMIC_DISPATCH(TransformWindows)(tiles, x, outside(tiles.channels, zeros), first, count, to);
}

void transform_tiles(const Tiles& tiles, const float* y, std::int64_t first, std::int64_t count, const Planes& to) {
  HWY_DYNAMIC_DISPATCH(TransformTiles)(tiles, y, outside(tiles.channels, zeros), first, count, to);
}

void untransform_tiles(const Tiles& tiles, const Planes& from, std::int64_t first, std::int64_t count, float* y) {
  HWY_DYNAMIC_DISPATCH(UntransformTiles)(tiles, from, first, count, y, outside(tiles.channels, dump));
}

void transform_weight(const float* weight, std::int64_t outer, std::int64_t inner, bool turned, const Planes& to) {
  HWY_DYNAMIC_DISPATCH(TransformWeight)(weight, outer, inner, turned, to);
}

void untransform_weight(const Planes& from, float* weight) { HWY_DYNAMIC_DISPATCH(UntransformWeight)(from, weight); }

void multiply(const Planes& windows, const Planes& weight, std::int64_t count, const Planes& product) {
  HWY_DYNAMIC_DISPATCH(Multiply)(windows, weight, count, product);
}

void multiply_tiles(const Planes& windows, const Planes& gradients, std::int64_t count, std::int64_t first,
                    std::int64_t last, const Planes& sums) {
  HWY_DYNAMIC_DISPATCH(MultiplyTiles)(windows, gradients, count, first, last, sums);
}

}  // namespace ldpsim::conv
#endif
