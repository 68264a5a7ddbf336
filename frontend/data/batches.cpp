// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/batches.hpp"

#include <numeric>
#include <utility>

#include "sim/core/random.hpp"

namespace ldpsim::data {
namespace {

constexpr std::int64_t kShift = 4;  // pixels of padding around a picture before it is cropped back to size

struct Placement {
  std::int64_t down = 0, right = 0;  ///< of the crop relative to the picture
  bool mirrored = false;
};

using Table = std::array<std::array<float, 256>, kInputChannels>;

Table normalised_bytes(const Dataset& dataset) {
  Table table;
  for (std::size_t c = 0; c < table.size(); ++c) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      table[c][byte] = (static_cast<float>(byte) / 255.0f - dataset.mean[c]) / dataset.deviation[c];
    }
  }
  return table;
}

void place(const ImageSet& set, std::int64_t index, const Placement& placement, const Table& table, float* out) {
  const std::uint8_t* image = set.pixels.data() + index * set.image_bytes();
  const std::int64_t top = (kInputSize - set.height) / 2, left = (kInputSize - set.width) / 2;
  for (std::int64_t y = 0; y < kInputSize; ++y) {
    const std::int64_t from_y = y + placement.down - top;
    for (std::int64_t x = 0; x < kInputSize; ++x) {
      const std::int64_t from_x = (placement.mirrored ? kInputSize - 1 - x : x) + placement.right - left;
      const bool inside = from_y >= 0 && from_y < set.height && from_x >= 0 && from_x < set.width;
      for (std::int64_t c = 0; c < kInputChannels; ++c) {
        const std::int64_t plane = set.channels == 1 ? 0 : c;
        const std::uint8_t byte = inside ? image[(plane * set.height + from_y) * set.width + from_x] : 0;
        *out++ = table[static_cast<std::size_t>(c)][byte];
      }
    }
  }
}

}  // namespace

std::uint64_t derive_seed(std::uint64_t seed, Stream stream, std::uint64_t counter) {
  Random outer(seed ^ static_cast<std::uint64_t>(stream) * 0xD1B54A32D192ED03ull);
  Random inner(outer.next() ^ counter * 0x8CB92BA72F3D8DD7ull);
  return inner.next();
}

std::vector<std::int64_t> epoch_order(std::int64_t count, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  Random random(derive_seed(seed, Stream::kOrder, static_cast<std::uint64_t>(epoch)));
  for (std::int64_t i = count - 1; i > 0; --i) {
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(random.between(0, i))]);
  }
  return order;
}

void fill_images(const Dataset& dataset, const ImageSet& images, std::span<const std::int64_t> indices, bool augment,
                 std::uint64_t seed, float* out, std::int64_t first) {
  const Table table = normalised_bytes(dataset);
  const auto count = static_cast<std::int64_t>(indices.size());
#pragma omp parallel for schedule(static)
  for (std::int64_t i = 0; i < count; ++i) {
    Placement placement;
    if (augment) {
      Random random(derive_seed(seed, Stream::kAugmentation, static_cast<std::uint64_t>(first + i)));
      placement = {random.between(-kShift, kShift), random.between(-kShift, kShift), random.between(0, 1) == 1};
    }
    place(images, indices[static_cast<std::size_t>(i)], placement, table,
          out + i * kInputChannels * kInputSize * kInputSize);
  }
}

}  // namespace ldpsim::data
