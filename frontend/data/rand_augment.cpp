// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/rand_augment.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "frontend/data/augment.hpp"
#include "frontend/data/draws.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

using Colour = std::array<std::uint8_t, 3>;
using Histogram = std::array<std::int64_t, 256>;
using Bytes = std::array<std::uint8_t, 256>;

/// Fractions are cut off, as Pillow does.
std::uint8_t truncated_to_byte(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0)); }

template <class Function>
Picture each_byte(const Picture& picture, Function function) {
  Bytes table;
  for (std::size_t i = 0; i < 256; ++i) table[i] = static_cast<std::uint8_t>(function(static_cast<int>(i)));
  Picture result = picture;
  for (std::uint8_t& byte : result.rgb) byte = table[byte];
  return result;
}

/// Replaces the bytes of each channel by a table that `table_of` makes of the channel's histogram.
template <class TableOf>
Picture each_channel(const Picture& picture, TableOf table_of) {
  Picture result = picture;
  for (std::size_t c = 0; c < 3; ++c) {
    Histogram histogram{};
    for (std::size_t i = c; i < picture.rgb.size(); i += 3) ++histogram[picture.rgb[i]];
    const Bytes table = table_of(histogram);
    for (std::size_t i = c; i < picture.rgb.size(); i += 3) result.rgb[i] = table[picture.rgb[i]];
  }
  return result;
}

Bytes identity() {
  Bytes table;
  for (std::size_t i = 0; i < 256; ++i) table[i] = static_cast<std::uint8_t>(i);
  return table;
}

/// Stretches what occurs to 0..255.
Bytes stretching(const Histogram& histogram) {
  const auto occurs = [](std::int64_t count) { return count > 0; };
  const auto low = std::find_if(histogram.begin(), histogram.end(), occurs) - histogram.begin();
  const auto high = 255 - (std::find_if(histogram.rbegin(), histogram.rend(), occurs) - histogram.rbegin());
  Bytes table = identity();
  if (high <= low) return table;
  const double scale = 255.0 / static_cast<double>(high - low);
  for (std::size_t i = 0; i < 256; ++i) {
    table[i] = truncated_to_byte((static_cast<double>(i) - static_cast<double>(low)) * scale + 1e-9);
  }
  return table;
}

/// Makes all values about equally frequent.
Bytes equalizing(const Histogram& histogram) {
  std::int64_t pixels = 0, last = 0;
  for (const std::int64_t count : histogram) {
    pixels += count;
    if (count > 0) last = count;
  }
  Bytes table = identity();
  const std::int64_t step = (pixels - last) / 255;
  if (step == 0) return table;
  std::int64_t below = step / 2;
  for (std::size_t i = 0; i < 256; ++i) {
    table[i] = static_cast<std::uint8_t>(std::min<std::int64_t>(below / step, 255));
    below += histogram[i];
  }
  return table;
}

/// Cubic convolution with a = -1, the sharper one that Pillow's transforms use, and so did the published training.
double cubic(double x) {
  x = std::abs(x);
  if (x <= 1) return (x - 2) * x * x + 1;
  return x < 2 ? ((5 - x) * x - 8) * x + 4 : 0;
}

/// Where a pixel of the result comes from: (x, y) -> (xx x + xy y + x0, yx x + yy y + y0), pixel i covers [i, i + 1).
struct Affine {
  double xx = 1, xy = 0, x0 = 0, yx = 0, yy = 1, y0 = 0;
};

void sample(const Picture& picture, double x, double y, std::uint8_t* out) {
  const auto left = static_cast<std::int64_t>(std::floor(x)), top = static_cast<std::int64_t>(std::floor(y));
  double sums[3] = {0, 0, 0};
  for (std::int64_t row = top - 1; row <= top + 2; ++row) {
    const double row_weight = cubic(y - static_cast<double>(row));
    for (std::int64_t column = left - 1; column <= left + 2; ++column) {
      const double weight = row_weight * cubic(x - static_cast<double>(column));
      const std::uint8_t* pixel = picture.at(std::clamp<std::int64_t>(row, 0, picture.height - 1),
                                             std::clamp<std::int64_t>(column, 0, picture.width - 1));
      for (std::size_t c = 0; c < 3; ++c) sums[c] += weight * pixel[c];
    }
  }
  std::transform(sums, sums + 3, out, truncated_to_byte);
}

Picture transform(const Picture& picture, const Affine& affine, const Colour& fill) {
  Picture result(picture.height, picture.width);
  const auto width = static_cast<double>(picture.width), height = static_cast<double>(picture.height);
  for (std::int64_t row = 0; row < picture.height; ++row) {
    for (std::int64_t column = 0; column < picture.width; ++column) {
      const double x = static_cast<double>(column) + 0.5, y = static_cast<double>(row) + 0.5;
      const double from_x = affine.xx * x + affine.xy * y + affine.x0;
      const double from_y = affine.yx * x + affine.yy * y + affine.y0;
      if (from_x < 0 || from_x >= width || from_y < 0 || from_y >= height) {
        std::copy(fill.begin(), fill.end(), result.at(row, column));
      } else {
        sample(picture, from_x - 0.5, from_y - 0.5, result.at(row, column));
      }
    }
  }
  return result;
}

/// About the centre, counterclockwise.
Affine rotation(const Picture& picture, double degrees) {
  const double angle = degrees * std::numbers::pi / 180, cosine = std::cos(angle), sine = std::sin(angle);
  const double x = static_cast<double>(picture.width) / 2, y = static_cast<double>(picture.height) / 2;
  return {cosine, -sine, x - cosine * x + sine * y, sine, cosine, y - sine * x - cosine * y};
}

}  // namespace

Picture apply(Operation operation, const Picture& picture, double level, bool negative, const Colour& fill) {
  const double strength = level / 10, sign = negative ? -1 : 1, factor = 1 + sign * 0.9 * strength;
  switch (operation) {
    case Operation::kAutoContrast:
      return each_channel(picture, stretching);
    case Operation::kEqualize:
      return each_channel(picture, equalizing);
    case Operation::kInvert:
      return each_byte(picture, [](int byte) { return 255 - byte; });
    case Operation::kRotate:
      return transform(picture, rotation(picture, sign * 30 * strength), fill);
    case Operation::kPosterize: {
      const int mask = 0xFF & ~((1 << (8 - (4 - static_cast<int>(4 * strength)))) - 1);
      return each_byte(picture, [mask](int byte) { return byte & mask; });
    }
    case Operation::kSolarize: {
      const int threshold = 256 - static_cast<int>(256 * strength);
      return each_byte(picture, [threshold](int byte) { return byte < threshold ? byte : 255 - byte; });
    }
    case Operation::kSolarizeAdd: {
      const int added = static_cast<int>(110 * strength);
      return each_byte(picture, [added](int byte) { return byte < 128 ? std::min(255, byte + added) : byte; });
    }
    case Operation::kSaturation:
      return with_saturation(picture, factor);
    case Operation::kContrast:
      return with_contrast(picture, factor);
    case Operation::kBrightness:
      return with_brightness(picture, factor);
    case Operation::kSharpness:
      return with_sharpness(picture, factor);
    case Operation::kShearX:
      return transform(picture, {.xy = sign * 0.3 * strength}, fill);
    case Operation::kShearY:
      return transform(picture, {.yx = sign * 0.3 * strength}, fill);
    case Operation::kTranslateX:
      return transform(picture, {.x0 = sign * 0.45 * strength * static_cast<double>(picture.width)}, fill);
    case Operation::kTranslateY:
      return transform(picture, {.y0 = sign * 0.45 * strength * static_cast<double>(picture.height)}, fill);
  }
  throw InternalError("an operation that is not there");
}

Picture rand_augment(const Picture& picture, const RandAugmentSettings& settings, Random& random) {
  Picture result = picture;
  for (int i = 0; i < settings.operations; ++i) {
    const auto operation = static_cast<Operation>(random.between(0, kOperations - 1));
    const double drawn = settings.level + settings.level_deviation * normal(random);
    const bool negative = random.between(0, 1) == 1, applied = random.uniform() < settings.probability;
    if (applied) result = apply(operation, result, std::clamp(drawn, 0.0, 10.0), negative, settings.fill);
  }
  return result;
}

}  // namespace ldpsim::data
