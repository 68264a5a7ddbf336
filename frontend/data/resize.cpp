// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/resize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

double half_width(Kernel kernel) { return kernel == Kernel::kLinear ? 1 : 2; }

double value_at(Kernel kernel, double x) {
  x = std::abs(x);
  if (kernel == Kernel::kLinear) return x < 1 ? 1 - x : 0;
  if (x <= 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
  return 0;
}

/// The inputs of one output, and their weights, which sum to 1.
struct Taps {
  std::vector<std::int64_t> from;
  std::vector<double> weights;
};

/// Pixel i covers [i, i + 1); an output covers inputs / outputs of them.
std::vector<Taps> taps_of(std::int64_t inputs, std::int64_t outputs, Kernel kernel, Edge edge) {
  const double step = static_cast<double>(inputs) / static_cast<double>(outputs), stretch = std::max(step, 1.0);
  const double reach = half_width(kernel) * stretch;
  std::vector<Taps> all(static_cast<std::size_t>(outputs));
  for (std::int64_t i = 0; i < outputs; ++i) {
    Taps& taps = all[static_cast<std::size_t>(i)];
    const double centre = (static_cast<double>(i) + 0.5) * step - 0.5;
    double sum = 0;
    const auto last = static_cast<std::int64_t>(std::ceil(centre + reach));
    for (auto at = static_cast<std::int64_t>(std::floor(centre - reach)); at <= last; ++at) {
      const double weight = value_at(kernel, (static_cast<double>(at) - centre) / stretch);
      const bool inside = at >= 0 && at < inputs;
      if (weight == 0 || (!inside && edge == Edge::kCut)) continue;
      taps.from.push_back(std::clamp<std::int64_t>(at, 0, inputs - 1));
      taps.weights.push_back(weight);
      sum += weight;
    }
    for (double& weight : taps.weights) weight /= sum;
  }
  return all;
}

std::uint8_t rounded_to_byte(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0) + 0.5); }

Picture resize_rows(const Picture& picture, const std::vector<Taps>& all) {
  Picture result(static_cast<std::int64_t>(all.size()), picture.width);
  const auto row_bytes = static_cast<std::size_t>(3 * picture.width);
  std::vector<double> sums(row_bytes);
  for (std::size_t y = 0; y < all.size(); ++y) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t tap = 0; tap < all[y].from.size(); ++tap) {
      const std::uint8_t* row = picture.at(all[y].from[tap], 0);
      const double weight = all[y].weights[tap];
      for (std::size_t i = 0; i < row_bytes; ++i) sums[i] += weight * row[i];
    }
    std::transform(sums.begin(), sums.end(), result.at(static_cast<std::int64_t>(y), 0), rounded_to_byte);
  }
  return result;
}

Picture resize_columns(const Picture& picture, const std::vector<Taps>& all) {
  Picture result(picture.height, static_cast<std::int64_t>(all.size()));
  for (std::int64_t y = 0; y < picture.height; ++y) {
    std::uint8_t* out = result.at(y, 0);
    for (const Taps& taps : all) {
      double sums[3] = {0, 0, 0};
      for (std::size_t tap = 0; tap < taps.from.size(); ++tap) {
        const std::uint8_t* pixel = picture.at(y, taps.from[tap]);
        for (std::size_t c = 0; c < 3; ++c) sums[c] += taps.weights[tap] * pixel[c];
      }
      for (const double sum : sums) *out++ = rounded_to_byte(sum);
    }
  }
  return result;
}

}  // namespace

Picture resize(const Picture& picture, std::int64_t height, std::int64_t width, Kernel kernel, Edge edge) {
  if (picture.height < 1 || picture.width < 1 || height < 1 || width < 1) {
    throw InternalError("a picture without pixels cannot be resized");
  }
  const auto rows = taps_of(picture.height, height, kernel, edge);
  const auto columns = taps_of(picture.width, width, kernel, edge);
  // height / picture.height <= width / picture.width
  return height * picture.width <= width * picture.height ? resize_columns(resize_rows(picture, rows), columns)
                                                          : resize_rows(resize_columns(picture, columns), rows);
}

}  // namespace ldpsim::data
