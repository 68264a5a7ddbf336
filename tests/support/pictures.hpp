// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <filesystem>

#include "frontend/data/picture.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::testing_support {

/// Noise: every byte drawn on its own.
inline data::Picture noise(std::int64_t height, std::int64_t width, std::uint64_t seed) {
  data::Picture picture(height, width);
  Random random(seed);
  for (std::uint8_t& byte : picture.rgb) byte = static_cast<std::uint8_t>(random.between(0, 255));
  return picture;
}

/// Slopes of colour, which every byte of depends on its place: red on y, green on x.
inline data::Picture slope(std::int64_t height, std::int64_t width) {
  data::Picture picture(height, width);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      picture.at(y, x)[0] = static_cast<std::uint8_t>(255 * y / height);
      picture.at(y, x)[1] = static_cast<std::uint8_t>(255 * x / width);
      picture.at(y, x)[2] = 90;
    }
  }
  return picture;
}

inline data::Picture plain(std::int64_t height, std::int64_t width, std::uint8_t red, std::uint8_t green,
                           std::uint8_t blue) {
  data::Picture picture(height, width);
  for (std::size_t i = 0; i < picture.rgb.size(); i += 3) {
    picture.rgb[i] = red;
    picture.rgb[i + 1] = green;
    picture.rgb[i + 2] = blue;
  }
  return picture;
}

/// A file of a Debian package, installed or unpacked by scripts/data into data/; empty if it is in neither place.
inline std::filesystem::path packaged_file(const std::string& path) {
  for (const std::filesystem::path root : {LDPSIM_SOURCE_DIR "/data", "/"}) {
    if (std::filesystem::exists(root / path)) return root / path;
  }
  return {};
}

}  // namespace ldpsim::testing_support
