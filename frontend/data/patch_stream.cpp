// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/patch_stream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <numeric>

#include "frontend/data/batches.hpp"
#include "sim/core/error.hpp"
#include "sim/core/random.hpp"

namespace ldpsim::data {
namespace {

void append(const Picture& picture, std::vector<float>& values) {
  for (const std::uint8_t byte : picture.rgb) values.push_back(static_cast<float>(byte) / 255.0f);
}

}  // namespace

struct PatchStream::Sample {
  PicturePair patch;
  std::vector<std::string> damaged;
};

/// Pictures, decoded when first needed and kept while there is room.
class PatchStream::Source {
 public:
  Source(const SuperResolutionSet& set, const PatchSettings& patches, const StreamSettings& settings)
      : files_(set.train), halve_from_(set.halve_from), patches_(patches), settings_(settings), kept_(files_.size()) {
    if (files_.empty()) {
      throw UserError("--data", fmt::format("'{}' has no pictures for training", set.name), "see --list datasets");
    }
    for (const PictureFile& file : files_) areas_.push_back(area_to_draw_from(file));
    std::partial_sum(areas_.begin(), areas_.end(), areas_.begin());
    if (areas_.back() == 0) {
      throw UserError("--data", fmt::format("not one of the {} pictures for training of '{}' is sound and large enough",
                                            files_.size(), set.name));
    }
  }

  Sample sample(std::int64_t batch, std::int64_t position) {
    Sample sample;
    const auto number = static_cast<std::uint64_t>(batch * settings_.batch + position);
    const std::size_t drawn = draw(derive_seed(settings_.seed, Stream::kOrder, number));
    for (std::size_t tried = 0; tried < files_.size(); ++tried) {
      const std::size_t index = (drawn + tried) % files_.size();
      if (is_left_out(index)) continue;
      try {
        const std::shared_ptr<const PicturePair> pair = picture(index);
        const std::uint64_t seed = derive_seed(settings_.seed, Stream::kAugmentation, number);
        sample.patch = random_patch(*pair, patches_.scale, patches_.low_size, seed);
        return sample;
      } catch (const DamagedFile& error) {
        if (!settings_.skip_damaged) throw;
        sample.damaged.emplace_back(error.what());
      }
    }
    throw UserError("--data", "every picture is damaged", sample.damaged[0]);
  }

 private:
  /// In pixels; 0 for a picture that is named and left out.
  std::int64_t area_to_draw_from(const PictureFile& file) const {
    try {
      return area_of(file.high_for(patches_.scale));
    } catch (const UserError& error) {
      if (!settings_.skip_damaged) throw;
      settings_.damaged(error.what());
      return 0;
    }
  }

  std::int64_t area_of(const std::filesystem::path& file) const {
    const PictureSize size = read_picture_size(file);
    const PictureSize low = low_size_of(size, patches_.scale, halve_from_);
    if (std::min(low.height, low.width) < patches_.low_size) {
      throw UserError(file.string(),
                      fmt::format("has {} x {} pixels, in low resolution {} x {}: patches of {} x {} do not fit in",
                                  size.width, size.height, low.width, low.height, patches_.low_size, patches_.low_size),
                      "make them smaller with --image-size, or leave such pictures out with --skip-damaged");
    }
    return size.height * size.width;
  }

  bool is_left_out(std::size_t index) const { return areas_[index] == (index == 0 ? 0 : areas_[index - 1]); }

  std::size_t draw(std::uint64_t seed) const {
    const std::int64_t at = Random(seed).between(0, areas_.back() - 1);
    return static_cast<std::size_t>(std::upper_bound(areas_.begin(), areas_.end(), at) - areas_.begin());
  }

  std::shared_ptr<const PicturePair> picture(std::size_t index) {
    {
      const std::lock_guard lock(mutex_);
      if (kept_[index]) return kept_[index];
    }
    auto pair = std::make_shared<const PicturePair>(read_pair(files_[index], patches_.scale, halve_from_));
    const auto bytes = static_cast<std::int64_t>(pair->low.rgb.size() + pair->high.rgb.size());
    const std::lock_guard lock(mutex_);
    if (!kept_[index] && kept_bytes_ + bytes <= patches_.memory_bytes) {
      kept_[index] = pair;
      kept_bytes_ += bytes;
    }
    return pair;
  }

  std::vector<PictureFile> files_;
  std::int64_t halve_from_;
  PatchSettings patches_;
  StreamSettings settings_;
  std::vector<std::int64_t> areas_;  ///< of the files up to and with this one
  std::mutex mutex_;
  std::vector<std::shared_ptr<const PicturePair>> kept_;
  std::int64_t kept_bytes_ = 0;
};

PatchStream::PatchStream(const SuperResolutionSet& set, const PatchSettings& patches, const StreamSettings& settings)
    : source_(std::make_shared<Source>(set, patches, settings)),
      settings_(settings),
      share_(share_of(settings.batch, settings.rank, settings.world_size)),
      patches_(patches) {
  if (share_.count == 0) {
    throw UserError("--batch",
                    fmt::format("{} patches are too few for {} processes", settings.batch, settings.world_size));
  }
  const auto make = [source = source_, share = share_](std::int64_t i) {
    return source->sample(i / share.count, share.first + i % share.count);
  };
  samples_ = std::make_unique<Prefetcher<Sample>>(make, settings.first_batch * share_.count, INT64_MAX,
                                                  settings.workers, share_.count + 1);
}

PatchStream::~PatchStream() = default;

PatchBatch PatchStream::next() {
  PatchBatch batch{share_.count, patches_.low_size, patches_.low_size * patches_.scale, {}, {}};
  batch.low.reserve(static_cast<std::size_t>(batch.count * batch.low_size * batch.low_size * 3));
  batch.high.reserve(static_cast<std::size_t>(batch.count * batch.high_size * batch.high_size * 3));
  for (std::int64_t i = 0; i < share_.count; ++i) {
    const Sample sample = samples_->next();
    for (const std::string& message : sample.damaged) {
      if (reported_.insert(message).second) settings_.damaged(message);
    }
    append(sample.patch.low, batch.low);
    append(sample.patch.high, batch.high);
  }
  return batch;
}

}  // namespace ldpsim::data
