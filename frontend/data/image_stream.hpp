// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "frontend/data/augment.hpp"
#include "frontend/data/image_folder.hpp"
#include "frontend/data/prefetch.hpp"
#include "frontend/data/stream.hpp"

namespace ldpsim::data {

/// Of the channels of photographs, scaled to 0..1 (ImageNet's).
inline constexpr std::array<float, 3> kPhotoMean = {0.485f, 0.456f, 0.406f}, kPhotoDeviation = {0.229f, 0.224f, 0.225f};

/// How a picture becomes an input, and its label a target.
struct ImageRecipe {
  std::int64_t size = 224;  ///< of the square that the network sees
  Kernel kernel = Kernel::kLinear;
  bool shuffle = true;  ///< a fresh order each epoch, as training needs it; otherwise that of the files
  bool augment = true;  ///< random crop, mirroring and all below; otherwise the central crop and nothing else
  bool rand_augment = false;
  double colour_jitter = 0;  ///< brightness, contrast, saturation by up to this; not together with rand_augment
  double erase_probability = 0;
  double mixup_shape = 0, cutmix_shape = 0;  ///< of the beta distribution that the share is drawn from; 0: never
  double label_smoothing = 0;
  int repeats = 1;  ///< of a picture in an epoch
};
/// ResNets on ImageNet (He et al. 2016): random crop, mirroring.
ImageRecipe standard_recipe(std::int64_t size = 224);
/// DeiT (Touvron et al. 2021): bicubic, RandAugment, mixup 0.8 or cutmix 1.0, erasing 0.25, smoothing 0.1, three
/// repeats. Its colour jitter of 0.3 takes part only where RandAugment does not, as there.
ImageRecipe deit_recipe(std::int64_t size = 224);
/// For testing: the central crop, in order.
ImageRecipe evaluation_recipe(const ImageRecipe& training);

/// A batch as a network takes it.
struct ImageBatch {
  std::int64_t count = 0, size = 0;
  std::vector<float> pixels;         ///< normalised, order N, H, W, C: count x size x size x 3
  std::vector<std::int64_t> labels;  ///< count
  std::vector<float> targets;        ///< count x classes, rows sum to 1; empty unless the recipe mixes or smooths
};

/// One picture as the recipe wants it; a pure function of its arguments. size x size x 3 normalised values.
std::vector<float> prepare_picture(const Picture& picture, const ImageRecipe& recipe, std::uint64_t seed);

/// Batches of the pictures of a folder, decoded ahead of use; batches_per_epoch() of them are an epoch, the last one
/// may be smaller.
class ImageStream {
 public:
  /// Refers to nothing of the caller's. Throws UserError if there are no files.
  ImageStream(std::vector<LabelledFile> files, std::int64_t classes, const ImageRecipe& recipe,
              const StreamSettings& settings);
  ~ImageStream();
  /// The part of the next batch that belongs to this process; it may be empty. All parts together are what a single
  /// process gets, mixed too: where the recipe mixes, a process decodes the partners of its pictures as well. Throws
  /// DamagedFile naming a file that cannot be decoded.
  ImageBatch next();
  std::int64_t batches_per_epoch() const;

 private:
  struct Sample;
  class Source;
  /// Those of the next batch; damaged files are named.
  std::vector<Sample> next_samples();
  /// What the picture in a place of this process is mixed with: that in the place of the whole batch in reverse order.
  const Sample& partner_of(std::int64_t own, const std::vector<Sample>& samples) const;
  std::shared_ptr<const Source> source_;
  StreamSettings settings_;
  std::int64_t next_batch_;
  std::set<std::string> reported_;
  std::unique_ptr<Prefetcher<Sample>> samples_;
};

}  // namespace ldpsim::data
