// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "frontend/data/prefetch.hpp"
#include "frontend/data/stream.hpp"
#include "frontend/data/super_resolution.hpp"

namespace ldpsim::data {

/// Patches in both resolutions, values 0..1, order N, H, W, C.
struct PatchBatch {
  std::int64_t count = 0, low_size = 0, high_size = 0;
  std::vector<float> low, high;  ///< count x size x size x 3
};

struct PatchSettings {
  int scale = 4;
  std::int64_t low_size = 64;  ///< side of a patch in low resolution
  /// Decoded pictures are kept up to so many bytes; the others are decoded for each patch.
  std::int64_t memory_bytes = std::int64_t{4} << 30;
};

/// Random patches for training: pictures are drawn in proportion to their area, place and view evenly.
class PatchStream {
 public:
  /// Reads the headers of all pictures; refers to nothing of the caller's. Throws UserError if there is no picture for
  /// training, or naming the first into which a patch does not fit. With skip_damaged such pictures are named and left
  /// out as damaged ones are.
  PatchStream(const SuperResolutionSet& set, const PatchSettings& patches, const StreamSettings& settings);
  ~PatchStream();
  /// The part of the next batch that belongs to this process.
  PatchBatch next();

 private:
  struct Sample;
  class Source;
  std::shared_ptr<Source> source_;
  StreamSettings settings_;
  Share share_;
  PatchSettings patches_;
  std::set<std::string> reported_;
  std::unique_ptr<Prefetcher<Sample>> samples_;
};

}  // namespace ldpsim::data
