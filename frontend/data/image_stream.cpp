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

  bool mixes() const { return recipe_.mixup_shape > 0 || recipe_.cutmix_shape > 0; }

  /// Pictures of a batch, of all processes together.
  std::int64_t whole(std::int64_t batch) const {
    return std::min(settings_.batch, count() - batch % batches_per_epoch() * settings_.batch);
  }

  /// Places in a batch that belong to this process.
  Share share(std::int64_t batch) const { return share_of(whole(batch), settings_.rank, settings_.world_size); }

  /// Samples are numbered so that every batch has room for the largest share, and for as many partners to mix with.
  std::int64_t room() const { return (settings_.batch + settings_.world_size - 1) / settings_.world_size; }
  std::int64_t samples_per_batch() const { return mixes() ? 2 * room() : room(); }

  /// Of a place that others have, or of a partner in a place of this process, there is none: it has no pixels.
  Sample sample(std::int64_t number) const {
    const std::int64_t batch = number / samples_per_batch(), within = number % samples_per_batch();
    const Share mine = share(batch);
    const bool is_partner = within >= room();
    const std::int64_t own = mine.first + (is_partner ? within - room() : within);
    if (own >= mine.first + mine.count) return {};
    const std::int64_t place = is_partner ? whole(batch) - 1 - own : own;
    if (is_partner && place >= mine.first && place < mine.first + mine.count) return {};
    return sample_at(batch, place);
  }

 private:
  Sample sample_at(std::int64_t batch, std::int64_t place) const {
    const std::int64_t epoch = batch / batches_per_epoch();
    const std::int64_t position = batch % batches_per_epoch() * settings_.batch + place;
    const std::uint64_t seed =
        derive_seed(settings_.seed, Stream::kAugmentation, static_cast<std::uint64_t>(epoch * count() + position));
    return sample_of(recipe_.shuffle ? shuffled(epoch, position) : position, seed);
  }

  Sample sample_of(std::int64_t index, std::uint64_t seed) const {
    Sample sample;
    for (std::int64_t tried = 0; tried < count(); ++tried) {
      const LabelledFile& chosen = files_[static_cast<std::size_t>((index + tried) % count())];
      try {
        const Picture picture = read_picture(chosen.file);
        if (!recipe_.augment) check_central_crop({picture.height, picture.width}, recipe_.size, chosen.file.string());
        sample.pixels = prepare_picture(picture, recipe_, seed);
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
  const std::int64_t per_batch = source_->samples_per_batch();
  samples_ = std::make_unique<Prefetcher<Sample>>([source = source_](std::int64_t i) { return source->sample(i); },
                                                  next_batch_ * per_batch, INT64_MAX, settings.workers, per_batch + 1);
}

ImageStream::~ImageStream() = default;

std::int64_t ImageStream::batches_per_epoch() const { return source_->batches_per_epoch(); }

std::vector<ImageStream::Sample> ImageStream::next_samples() {
  std::vector<Sample> samples;
  for (std::int64_t i = 0; i < source_->samples_per_batch(); ++i) {
    samples.push_back(samples_->next());
    for (const std::string& message : samples.back().damaged) {
      if (reported_.insert(message).second) settings_.damaged(message);
    }
  }
  return samples;
}

/// Its own place is that of the picture in the middle of an odd number; a partner that was left out is none.
const ImageStream::Sample& ImageStream::partner_of(std::int64_t own, const std::vector<Sample>& samples) const {
  const Share mine = source_->share(next_batch_);
  const std::int64_t within = source_->whole(next_batch_) - 1 - (mine.first + own) - mine.first;
  const bool is_mine = within >= 0 && within < mine.count;
  const Sample& partner = samples[static_cast<std::size_t>(is_mine ? within : source_->room() + own)];
  return partner.pixels.empty() ? samples[static_cast<std::size_t>(own)] : partner;
}

ImageBatch ImageStream::next() {
  const ImageRecipe& recipe = source_->recipe();
  const std::vector<Sample> samples = next_samples();
  Random random(derive_seed(settings_.seed, Stream::kMixing, static_cast<std::uint64_t>(next_batch_)));
  const Mix mix = draw_mix(recipe.mixup_shape, recipe.cutmix_shape, recipe.size, random);
  ImageBatch batch;
  batch.size = recipe.size;
  batch.pixels.reserve(static_cast<std::size_t>(source_->share(next_batch_).count * recipe.size * recipe.size * 3));
  std::vector<std::int64_t> partners;  // labels
  for (std::int64_t own = 0; own < source_->room(); ++own) {
    const Sample& sample = samples[static_cast<std::size_t>(own)];
    if (sample.pixels.empty()) continue;
    const Sample& partner = source_->mixes() ? partner_of(own, samples) : sample;
    batch.pixels.insert(batch.pixels.end(), sample.pixels.begin(), sample.pixels.end());
    if (&partner != &sample)
      mix_picture(std::span(batch.pixels).last(sample.pixels.size()), partner.pixels, recipe.size, mix);
    batch.labels.push_back(sample.label);
    partners.push_back(partner.label);
  }
  batch.count = static_cast<std::int64_t>(batch.labels.size());
  if (source_->mixes() || recipe.label_smoothing > 0) {
    batch.targets = soft_labels(batch.labels, partners, source_->classes(), recipe.label_smoothing, mix);
  }
  ++next_batch_;
  return batch;
}

}  // namespace ldpsim::data
