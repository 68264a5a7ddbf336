// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "frontend/data/picture.hpp"

namespace ldpsim::data {

/// A picture in high resolution and, where its publisher gives them, in low ones.
struct PictureFile {
  std::filesystem::path high;
  std::map<int, std::filesystem::path> low;  ///< by scale
  /// High resolution, cut to multiples of a scale, by scale; where there is no other, `high` is the one of the least.
  std::map<int, std::filesystem::path> cut = {};
  /// The high resolution for a scale: the one cut for it, else `high`.
  const std::filesystem::path& high_for(int scale) const;
};

/// Pictures for super-resolution; nothing is decoded yet.
struct SuperResolutionSet {
  std::string name;
  std::vector<PictureFile> train, test;  ///< one of them may be empty
  /// Pictures whose shorter side has at least this many pixels are halved first, which washes out what JPEG left; 0:
  /// never.
  std::int64_t halve_from = 0;
  /// Names and sizes of all files, so that two runs can be told to have seen the same set.
  std::string fingerprint() const;
};

/// Which pictures a set is for where its folders do not say so.
enum class Split { kTrain, kTest };

/// Finds JPEG and PNG files below `directory`. Low resolutions are recognised by the names of the publishers:
/// `NAME_SRF_4_HR.png` beside `NAME_SRF_4_LR.png` (Huang et al. 2015), where `NAME_SRF_4_bicubic.png` and the like are
/// results of methods and left out, and `NAMEx4.png` in a folder `X4` below one with
/// `LR` in its name (Agustsson, Timofte 2017). Pictures in a folder `val`, `valid`, `test` or with `_valid_` in its
/// name are for testing, those in `train` or with `_train_` for training, others for what `otherwise` says. Throws
/// UserError naming the folder if it has no picture, or what in it cannot be read. Links are followed.
SuperResolutionSet scan_super_resolution(const std::filesystem::path& directory, const std::string& name,
                                         Split otherwise);

/// A picture in both resolutions: `high` has `scale` times the height and width of `low`.
struct PicturePair {
  Picture low, high;
};

/// Decodes a picture, cuts it to multiples of `scale` at the bottom and right, and decodes its low resolution or makes
/// it (bicubic with a = -0.5 and antialiasing, as MATLAB's imresize: the same bytes as in the published low resolutions
/// of Set14 and Urban100). Throws DamagedFile naming the file, also if the
/// two do not fit.
PicturePair read_pair(const PictureFile& picture, int scale, std::int64_t halve_from = 0);
PicturePair make_pair(Picture high, int scale);

/// As read_pair, for luma_psnr with this border: throws DamagedFile naming the file also if nothing is inside of it.
PicturePair read_test_pair(const PictureFile& picture, int scale, std::int64_t border, std::int64_t halve_from = 0);

/// What read_pair makes of the low resolution of a picture of this size; nothing is decoded.
PictureSize low_size_of(PictureSize high, int scale, std::int64_t halve_from = 0);

/// One of a picture's eight views: bits 0 to 2 of `view` transpose it, mirror it and turn it upside down.
Picture turned(const Picture& picture, int view);

/// A square of `low_size` pixels and what belongs to it in high resolution, place and view drawn from `seed`. Throws
/// UserError if the picture is smaller.
PicturePair random_patch(const PicturePair& pair, int scale, std::int64_t low_size, std::uint64_t seed);

/// Peak signal-to-noise ratio in dB of luma (ITU-R BT.601, 16 to 235, not rounded: MATLAB's rgb2ycbcr in double
/// precision), `border` pixels on each side left out; the sizes must agree. At most that of an error of half a grey
/// level in one pixel, which equal pictures have too: a mean over pictures stays finite. Grey pictures are compared in
/// the same way; old tables compare them on their own scale, which is 1.32 dB less for them (Set14 has one: its mean by
/// bicubic x4 is 26.09 here, 26.00 there).
double luma_psnr(const Picture& one, const Picture& other, std::int64_t border);

/// Low resolution enlarged by bicubic: what a network has to surpass.
Picture bicubic(const Picture& low, int scale);

}  // namespace ldpsim::data
