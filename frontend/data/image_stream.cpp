// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/image_stream.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "frontend/data/batches.hpp"
#include "frontend/data/rand_augment.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

std::vector<float> normalised(const Picture& picture) {
  std::vector<float> values(picture.rgb.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = (static_cast<float>(picture.rgb[i]) / 255.0f - kPhotoMean[i % 3]) / kPhotoDeviation[i % 3];
  }
  return values;
}

}  // namespace

ImageRecipe standard_recipe(std::int64_t size) {
  ImageRecipe recipe;
  recipe.size = size;
  return recipe;
}

ImageRecipe deit_recipe(std::int64_t size) {
  ImageRecipe recipe;
  recipe.size = size;
  recipe.kernel = Kernel::kCubic;
  recipe.rand_augment = true;
  recipe.colour_jitter = 0.3;
  recipe.erase_probability = 0.25;
  recipe.mixup_shape = 0.8;
  recipe.cutmix_shape = 1.0;
  recipe.label_smoothing = 0.1;
  recipe.repeats = 3;
  return recipe;
}

ImageRecipe evaluation_recipe(const ImageRecipe& training) {
  ImageRecipe recipe;
  recipe.size = training.size;
  recipe.kernel = training.kernel;
  recipe.shuffle = recipe.augment = false;
  return recipe;
}

std::vector<float> prepare_picture(const Picture& picture, const ImageRecipe& recipe, std::uint64_t seed) {
  if (!recipe.augment) return normalised(central_crop(picture, recipe.size, recipe.kernel));
  Random random(seed);
  Picture part = random_resized_crop(picture, recipe.size, recipe.kernel, random);
  if (recipe.rand_augment) {
    part = rand_augment(part, RandAugmentSettings{}, random);
  } else if (recipe.colour_jitter > 0) {
    part = colour_jitter(part, recipe.colour_jitter, random);
  }
  std::vector<float> values = normalised(part);
  random_erase(values, recipe.size, recipe.erase_probability, random);
  return values;
}

struct ImageStream::Sample {
  std::vector<float> pixels;  ///< empty: left out
  std::int64_t label = 0;
  std::vector<std::string> damaged;  ///< messages, of the files that were passed over
};

/// What workers share: everything but the orders of the last epochs never changes.
class ImageStream::Source {
 public:
  Source(std::vector<LabelledFile> files, std::int64_t classes, const ImageRecipe& recipe,
         const StreamSettings& settings)
      : files_(std::move(files)), classes_(classes), recipe_(recipe), settings_(settings) {}

  std::int64_t count() const { return static_cast<std::int64_t>(files_.size()); }
  std::int64_t classes() const { return classes_; }
  const ImageRecipe& recipe() const { return recipe_; }
  std::int64_t batches_per_epoch() const { return (count() + settings_.batch - 1) / settings_.batch; }

  /// Positions in its epoch that a batch of this process has.
  Share share(std::int64_t batch) const {
    const std::int64_t first = batch % batches_per_epoch() * settings_.batch;
    Share share = share_of(std::min(settings_.batch, count() - first), settings_.rank, settings_.world_size);
    share.first += first;
    return share;
  }

  /// Samples are numbered so that every batch has room for the largest share.
  std::int64_t room() const { return (settings_.batch + settings_.world_size - 1) / settings_.world_size; }

  Sample sample(std::int64_t number) const {
    const std::int64_t batch = number / room(), within = number % room();
    const Share mine = share(batch);
    if (within >= mine.count) return {};
    const std::int64_t epoch = batch / batches_per_epoch(), position = mine.first + within;
    const std::uint64_t seed =
        derive_seed(settings_.seed, Stream::kAugmentation, static_cast<std::uint64_t>(epoch * count() + position));
    return sample_of(recipe_.shuffle ? shuffled(epoch, position) : position, seed);
  }

 private:
  Sample sample_of(std::int64_t index, std::uint64_t seed) const {
    Sample sample;
    for (std::int64_t tried = 0; tried < count(); ++tried) {
      const LabelledFile& chosen = files_[static_cast<std::size_t>((index + tried) % count())];
      try {
        sample.pixels = prepare_picture(read_picture(chosen.file), recipe_, seed);
        sample.label = chosen.label;
        return sample;
      } catch (const DamagedFile& error) {
        if (!settings_.skip_damaged) throw;
        sample.damaged.emplace_back(error.what());
        if (!recipe_.shuffle) return sample;  // a test is of what there is
      }
    }
    throw UserError(files_[0].file.parent_path().string(), "every picture is damaged", sample.damaged[0]);
  }

  std::int64_t shuffled(std::int64_t epoch, std::int64_t position) const {
    const std::lock_guard lock(mutex_);
    auto found = orders_.find(epoch);
    if (found == orders_.end()) {
      while (orders_.size() >= 3) orders_.erase(orders_.begin());
      found = orders_.emplace(epoch, repeated_order(count(), recipe_.repeats, settings_.seed, epoch)).first;
    }
    return found->second[static_cast<std::size_t>(position)];
  }

  std::vector<LabelledFile> files_;
  std::int64_t classes_;
  ImageRecipe recipe_;
  StreamSettings settings_;
  mutable std::mutex mutex_;
  mutable std::map<std::int64_t, std::vector<std::int64_t>> orders_;
};

ImageStream::ImageStream(std::vector<LabelledFile> files, std::int64_t classes, const ImageRecipe& recipe,
                         const StreamSettings& settings)
    : settings_(settings), next_batch_(settings.first_batch) {
  if (files.empty()) throw UserError("--data", "the set has no pictures for this", "see --list datasets");
  source_ = std::make_shared<Source>(std::move(files), classes, recipe, settings);
  const std::int64_t room = source_->room();
  samples_ = std::make_unique<Prefetcher<Sample>>([source = source_](std::int64_t i) { return source->sample(i); },
                                                  next_batch_ * room, INT64_MAX, settings.workers, room + 1);
}

ImageStream::~ImageStream() = default;

std::int64_t ImageStream::batches_per_epoch() const { return source_->batches_per_epoch(); }

ImageBatch ImageStream::next() {
  const ImageRecipe& recipe = source_->recipe();
  const Share share = source_->share(next_batch_);
  ImageBatch batch;
  batch.size = recipe.size;
  batch.pixels.reserve(static_cast<std::size_t>(share.count * recipe.size * recipe.size * 3));
  for (std::int64_t i = 0; i < source_->room(); ++i) {
    const Sample sample = samples_->next();
    for (const std::string& message : sample.damaged) {
      if (reported_.insert(message).second) settings_.damaged(message);
    }
    if (sample.pixels.empty()) continue;
    batch.pixels.insert(batch.pixels.end(), sample.pixels.begin(), sample.pixels.end());
    batch.labels.push_back(sample.label);
  }
  batch.count = static_cast<std::int64_t>(batch.labels.size());
  if (recipe.mixup_shape > 0 || recipe.cutmix_shape > 0 || recipe.label_smoothing > 0) {
    Random random(derive_seed(settings_.seed, Stream::kMixing, static_cast<std::uint64_t>(next_batch_)));
    const Mix mix = draw_mix(recipe.mixup_shape, recipe.cutmix_shape, recipe.size, random);
    mix_pictures(batch.pixels, batch.count, batch.size, mix);
    batch.targets = soft_labels(batch.labels, source_->classes(), recipe.label_smoothing, mix);
  }
  ++next_batch_;
  return batch;
}

}  // namespace ldpsim::data
