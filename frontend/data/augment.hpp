// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frontend/data/picture.hpp"
#include "frontend/data/resize.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::data {

struct Box {
  std::int64_t top = 0, left = 0, height = 0, width = 0;
};

/// Szegedy et al. 2015: a box of 8 to 100 % of the area and an aspect ratio between 3/4 and 4/3; after ten that do not
/// fit, the largest central one of an allowed ratio.
Box draw_crop(std::int64_t height, std::int64_t width, Random& random);

/// Such a box, scaled to `size` x `size`, and mirrored with probability 1/2.
Picture random_resized_crop(const Picture& picture, std::int64_t size, Kernel kernel, Random& random);

/// Throws DamagedFile naming `file` if central_crop would scale a picture of this size to more than kMaxPicturePixels.
void check_central_crop(const PictureSize& picture, std::int64_t size, const std::string& file);

/// The shorter side scaled to `size` / 0.875 (256 for 224), then the central `size` x `size`; where as many pixels
/// cannot be cut on both sides, the one more or less is where torchvision has it.
Picture central_crop(const Picture& picture, std::int64_t size, Kernel kernel);

/// Brightness, contrast and saturation, in an order that is drawn too, each by a factor between 1 - amount and 1 +
/// amount.
Picture colour_jitter(const Picture& picture, double amount, Random& random);

/// Blends with black, with the mean grey, with the greyed picture, with the smoothed picture: factor 0 is the latter, 1
/// the picture as it is, above 1 away from it.
Picture with_brightness(const Picture& picture, double factor);
Picture with_contrast(const Picture& picture, double factor);
Picture with_saturation(const Picture& picture, double factor);
Picture with_sharpness(const Picture& picture, double factor);

/// Zhong et al. 2017, with noise for each pixel: with `probability`, one box of 2 to 33 % of the area and an aspect
/// ratio between 0.3 and 3.3 is filled with standard normal values. `pixels` are normalised, order H, W, C, `size` x
/// `size` x 3.
void random_erase(std::span<float> pixels, std::int64_t size, double probability, Random& random);

/// How a picture is mixed with its partner (Zhang et al. 2017; Yun et al. 2019): `share` of the picture and its label
/// stays, the rest is its partner's, everywhere or in a box. The partner is the picture in the same place of the whole
/// batch in reverse order.
struct Mix {
  double share = 1;
  bool cut = false;
  Box box{};
};

/// With both shapes above 0 each of the two with probability 1/2; without any, share 1. The share of a cut is that of
/// the pixels outside of its box.
Mix draw_mix(double mixup_shape, double cutmix_shape, std::int64_t size, Random& random);

/// Mixes a normalised picture with its partner as it was before it was mixed; both are size x size x 3.
void mix_picture(std::span<float> picture, std::span<const float> partner, std::int64_t size, const Mix& mix);

/// Soft labels, `labels.size()` x `classes`, of pictures with these labels and of their partners, as many; each row
/// sums to 1. `smoothing` of it is spread evenly over all classes (Szegedy et al. 2016).
std::vector<float> soft_labels(std::span<const std::int64_t> labels, std::span<const std::int64_t> partners,
                               std::int64_t classes, double smoothing, const Mix& mix);

/// Hoffer et al. 2020 as DeiT samples it: a shuffle of 0..count-1, each `repeats` times in a row, cut to `count` again:
/// an epoch has 1 in `repeats` of the pictures, each `repeats` times.
std::vector<std::int64_t> repeated_order(std::int64_t count, int repeats, std::uint64_t seed, std::int64_t epoch);

}  // namespace ldpsim::data
