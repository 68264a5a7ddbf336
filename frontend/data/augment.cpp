// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/augment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "frontend/data/batches.hpp"
#include "frontend/data/draws.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

std::int64_t rounded(double value) { return std::llround(value); }

/// Sides of a box of this area whose width is ratio times its height.
Box box_of(double area, double ratio) {
  return {0, 0, rounded(std::sqrt(area / ratio)), rounded(std::sqrt(area * ratio))};
}

double draw_ratio(Random& random, double low, double high) {
  return std::exp(uniform(random, std::log(low), std::log(high)));
}

/// Half of a number of pixels, a half pixel rounded to the even one, as torchvision places its central crop.
std::int64_t half_to_even(std::int64_t pixels) { return pixels / 2 + (pixels % 2) * (pixels / 2 % 2); }

/// The size of a picture whose shorter side is scaled to 8/7 of `size`.
PictureSize scaled_for_crop(const PictureSize& picture, std::int64_t size) {
  const std::int64_t shorter = size * 8 / 7, side = std::min(picture.height, picture.width);
  return {picture.height * shorter / side, picture.width * shorter / side};
}

std::uint8_t blend(double base, std::uint8_t value, double factor) {
  return static_cast<std::uint8_t>(std::clamp(base + factor * (value - base), 0.0, 255.0));
}

/// Luma of ITU-R BT.601 in 16-bit fixed point, 0..255.
int grey(const std::uint8_t* rgb) { return (rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16; }

}  // namespace

Box draw_crop(std::int64_t height, std::int64_t width, Random& random) {
  constexpr double kLowRatio = 3.0 / 4, kHighRatio = 4.0 / 3;
  const auto area = static_cast<double>(height * width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    Box box = box_of(area * uniform(random, 0.08, 1), draw_ratio(random, kLowRatio, kHighRatio));
    if (box.height < 1 || box.width < 1 || box.height > height || box.width > width) continue;
    box.top = random.between(0, height - box.height);
    box.left = random.between(0, width - box.width);
    return box;
  }
  const double ratio = static_cast<double>(width) / static_cast<double>(height);
  Box box{0, 0, height, width};
  if (ratio < kLowRatio) box.height = std::min(height, rounded(static_cast<double>(width) / kLowRatio));
  if (ratio > kHighRatio) box.width = std::min(width, rounded(static_cast<double>(height) * kHighRatio));
  box.top = (height - box.height) / 2;
  box.left = (width - box.width) / 2;
  return box;
}

Picture random_resized_crop(const Picture& picture, std::int64_t size, Kernel kernel, Random& random) {
  const Box box = draw_crop(picture.height, picture.width, random);
  const bool mirror = random.between(0, 1) == 1;
  const Picture part = resize(crop(picture, box.top, box.left, box.height, box.width), size, size, kernel, Edge::kCut);
  return mirror ? mirrored(part) : part;
}

void check_central_crop(const PictureSize& picture, std::int64_t size, const std::string& file) {
  const PictureSize scaled = scaled_for_crop(picture, size);
  if (scaled.height <= kMaxPicturePixels / scaled.width) return;
  throw DamagedFile(file,
                    fmt::format("has {} x {} pixels, too thin: scaled for a central square of {} it would have {} x {}",
                                picture.width, picture.height, size, scaled.width, scaled.height),
                    fmt::format("allowed: {} in all; --skip-damaged leaves such files out", kMaxPicturePixels));
}

Picture central_crop(const Picture& picture, std::int64_t size, Kernel kernel) {
  const PictureSize whole = scaled_for_crop({picture.height, picture.width}, size);
  const Picture scaled = resize(picture, whole.height, whole.width, kernel, Edge::kCut);
  return crop(scaled, half_to_even(whole.height - size), half_to_even(whole.width - size), size, size);
}

Picture with_brightness(const Picture& picture, double factor) {
  Picture result = picture;
  for (std::uint8_t& byte : result.rgb) byte = blend(0, byte, factor);
  return result;
}

Picture with_contrast(const Picture& picture, double factor) {
  double sum = 0;
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) sum += grey(&picture.rgb[i]);
  const double mean = std::floor(sum / static_cast<double>(picture.height * picture.width) + 0.5);
  Picture result = picture;
  for (std::uint8_t& byte : result.rgb) byte = blend(mean, byte, factor);
  return result;
}

Picture with_saturation(const Picture& picture, double factor) {
  Picture result = picture;
  for (std::size_t i = 0; i < result.rgb.size(); i += 3) {
    const int base = grey(&picture.rgb[i]);
    for (std::size_t c = 0; c < 3; ++c) result.rgb[i + c] = blend(base, result.rgb[i + c], factor);
  }
  return result;
}

Picture with_sharpness(const Picture& picture, double factor) {
  Picture result = picture;
  for (std::int64_t y = 1; y + 1 < picture.height; ++y) {
    for (std::int64_t x = 1; x + 1 < picture.width; ++x) {
      for (std::int64_t c = 0; c < 3; ++c) {
        int sum = 6 + 4 * picture.at(y, x)[c];  // half of 13, to be rounded
        for (std::int64_t tap = 0; tap < 9; ++tap) sum += picture.at(y - 1 + tap / 3, x - 1 + tap % 3)[c];
        const int smooth = sum / 13;
        result.at(y, x)[c] = blend(smooth, picture.at(y, x)[c], factor);
      }
    }
  }
  return result;
}

Picture colour_jitter(const Picture& picture, double amount, Random& random) {
  std::array<Picture (*)(const Picture&, double), 3> steps = {with_brightness, with_contrast, with_saturation};
  for (std::int64_t i = 2; i > 0; --i) {
    std::swap(steps[static_cast<std::size_t>(i)], steps[static_cast<std::size_t>(random.between(0, i))]);
  }
  Picture result = picture;
  for (const auto step : steps) result = step(result, uniform(random, std::max(0.0, 1 - amount), 1 + amount));
  return result;
}

void random_erase(std::span<float> pixels, std::int64_t size, double probability, Random& random) {
  if (random.uniform() >= probability) return;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = uniform(random, 0.02, 1.0 / 3) * static_cast<double>(size * size);
    const Box box = box_of(area, draw_ratio(random, 0.3, 1 / 0.3));
    if (box.height >= size || box.width >= size) continue;
    const std::int64_t top = random.between(0, size - box.height), left = random.between(0, size - box.width);
    for (std::int64_t y = top; y < top + box.height; ++y) {
      for (std::int64_t i = 3 * (y * size + left); i < 3 * (y * size + left + box.width); ++i) {
        pixels[static_cast<std::size_t>(i)] = static_cast<float>(normal(random));
      }
    }
    return;
  }
}

Mix draw_mix(double mixup_shape, double cutmix_shape, std::int64_t size, Random& random) {
  Mix mix;
  if (mixup_shape <= 0 && cutmix_shape <= 0) return mix;
  mix.cut = cutmix_shape > 0 && (mixup_shape <= 0 || random.between(0, 1) == 1);
  mix.share = symmetric_beta(random, mix.cut ? cutmix_shape : mixup_shape);
  if (!mix.cut) return mix;
  const auto side = static_cast<std::int64_t>(static_cast<double>(size) * std::sqrt(1 - mix.share));
  const auto span = [&](std::int64_t& start, std::int64_t& length) {
    const std::int64_t begin = random.between(0, size - 1) - side / 2;
    start = std::clamp<std::int64_t>(begin, 0, size);
    length = std::clamp<std::int64_t>(begin + side / 2 * 2, 0, size) - start;
  };
  span(mix.box.top, mix.box.height);
  span(mix.box.left, mix.box.width);
  mix.share = 1 - static_cast<double>(mix.box.height * mix.box.width) / static_cast<double>(size * size);
  return mix;
}

void mix_picture(std::span<float> picture, std::span<const float> partner, std::int64_t size, const Mix& mix) {
  const Box box = mix.cut ? mix.box : Box{0, 0, size, size};
  const auto share = static_cast<float>(mix.cut ? 0 : mix.share);
  for (std::int64_t y = box.top; y < box.top + box.height; ++y) {
    const auto begin = static_cast<std::size_t>(3 * (y * size + box.left));
    const auto end = begin + static_cast<std::size_t>(3 * box.width);
    for (std::size_t at = begin; at < end; ++at) picture[at] = share * picture[at] + (1 - share) * partner[at];
  }
}

std::vector<float> soft_labels(std::span<const std::int64_t> labels, std::span<const std::int64_t> partners,
                               std::int64_t classes, double smoothing, const Mix& mix) {
  const auto columns = static_cast<std::size_t>(classes);
  const double spread = smoothing / static_cast<double>(classes);
  std::vector<float> rows(labels.size() * columns, static_cast<float>(spread));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    float* const row = rows.data() + i * columns;
    row[labels[i]] += static_cast<float>((1 - smoothing) * mix.share);
    row[partners[i]] += static_cast<float>((1 - smoothing) * (1 - mix.share));
  }
  return rows;
}

std::vector<std::int64_t> repeated_order(std::int64_t count, int repeats, std::uint64_t seed, std::int64_t epoch) {
  const std::vector<std::int64_t> order = epoch_order(count, seed, epoch);
  std::vector<std::int64_t> repeated(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) repeated[i] = order[i / static_cast<std::size_t>(repeats)];
  return repeated;
}

}  // namespace ldpsim::data
