// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/index.hpp"
#include "sim/datapath/bit_kernels.hpp"
#include "sim/datapath/dense_task.hpp"

namespace ldpsim {
namespace {

/// Planes of the moving operand that go through the kernel together: two serial bits, or one 2-bit brick. Sharing the
/// counts of two planes is faster than one at a time and changes nothing else.
constexpr int kDigit = 2;
/// Tiles with fewer windows or channels (in backward-weight: products) than these leave registers and caches idle.
constexpr std::int64_t kFewWindows = 256, kShortReduction = 256;
constexpr std::int64_t kWindowChunk =
    64;  ///< windows whose planes are packed and used while they are in the nearest cache

/// A part of the reduction: its places lie in the order kernel row, kernel column, channel.
struct ReductionRange {
  std::int64_t channel_first = 0, channel_last = 0, row_first = 0, row_last = 0, column_first = 0, column_last = 0;
  std::int64_t channels() const { return channel_last - channel_first; }
  std::int64_t columns() const { return column_last - column_first; }
  std::int64_t places() const { return channels() * columns() * (row_last - row_first); }
  std::int64_t words() const { return ceil_div(places(), 32); }
  bool operator==(const ReductionRange&) const = default;
};

struct OutputRange {
  std::int64_t batch_first = 0, batch_last = 0, y_first = 0, y_last = 0, x_first = 0, x_last = 0;
};

/// Copies in whole registers; both sides have slack.
inline std::uint8_t* copy_run(std::uint8_t* to, const std::uint8_t* from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += 32) std::memcpy(to + i, from + i, 32);
  return to + count;
}

/// The sums as the arrays form them, on packed bit-planes.
class PlaneTask final : public DenseTask {
 public:
  explicit PlaneTask(std::unique_ptr<DatapathOperands> operands)
      : DenseTask(std::move(operands)), at_once_(at(p_.groups)) {}

  void compute(const TileRange& tile) override;

 private:
  /// The stationary planes of one tile, one panel a slab.
  struct Panels {
    bool filled = false;
    std::int64_t group = 0, filter_first = 0, filter_last = 0;
    ReductionRange reduction;
    std::array<AlignedBuffer<std::uint32_t>, 2> data;
    std::int64_t filters() const { return filter_last - filter_first; }
  };

  bool is_small(const TileRange& tile) const;
  void compute_piece(const TileRange& tile);
  void fill_panels(const TileRange& tile, const ReductionRange& reduction);
  void add_class_sums();
  void count_taps(const ReductionRange& reduction);
  void compute_windows(const TileRange& tile, const OutputRange& outputs);
  void pack_windows(const ReductionRange& reduction, std::int64_t group, std::int64_t count);
  void add_moving_sums(std::int64_t words, std::int64_t group, std::int64_t count);
  void multiply(const PlaneRows& rows, int stationary_slab, std::int64_t first_word, std::int64_t word_count,
                int digit);
  void add_products(const std::int64_t* places, std::int64_t count, std::int64_t weight);
  void give_bytes(RowMultiplier::Side side, int slab, const std::uint8_t* bytes, std::int64_t rows,
                  std::int64_t places);
  void multiply_rows(const std::int64_t* places, std::int64_t count);

  template <class At>
  std::uint8_t* gather(std::uint8_t* to, const ReductionRange& r, std::int64_t column_step, At row_at) const {
    for (std::int64_t ky = r.row_first; ky < r.row_last; ++ky) {
      const std::uint8_t* row = row_at(ky);
      if (r.channels() == p_.channels) {
        to = copy_run(to, row, r.columns() * p_.channels);
      } else {
        for (std::int64_t kx = 0; kx < r.columns(); ++kx) to = copy_run(to, row + kx * column_step, r.channels());
      }
    }
    return to;
  }
  /// Zeros from the last place of a row to the end of its last word.
  static void clear_rest(std::uint8_t* end, const std::uint8_t* row, std::int64_t words) {
    std::memset(end, 0, at(words * 32 - (end - row)));
  }
  PlaneRows panel(int slab) const {
    const PlaneCount& planes = o_->stationary;
    return {panels_.data[at(slab)].data(), panels_.filters(), panels_.reduction.words(), planes.planes_of(slab),
            planes.negative_in(slab)};
  }
  std::int64_t pitch() const { return round_up(panels_.filters(), kernel_shape().lanes); }

  std::vector<std::optional<bool>> at_once_;  ///< by group: whether it waits until it has been walked
  Panels panels_;
  struct Window {
    std::int64_t batch, y, x;
  };
  std::array<Window, kWindowChunk> windows_{};
  AlignedBuffer<std::uint8_t> bytes_;
  std::array<AlignedBuffer<std::uint32_t>, 2> rows_;  ///< [window][word][plane], a slab each
  AlignedBuffer<std::uint32_t> masks_;                ///< [class][word]
  AlignedBuffer<std::int32_t> partial_;               ///< [row][pitch]
  std::vector<std::int64_t> row_products_;            ///< [window][filter]
};

void PlaneTask::fill_panels(const TileRange& tile, const ReductionRange& reduction) {
  const std::int64_t first = tile.begin(Loop::kFilters), last = tile.end(Loop::kFilters);
  const auto& have = panels_;
  if (have.filled && have.group == tile.group && have.filter_first == first && have.filter_last == last &&
      have.reduction == reduction)
    return;
  panels_.filled = true;
  panels_.group = tile.group;
  panels_.filter_first = first;
  panels_.filter_last = last;
  panels_.reduction = reduction;
  const std::int64_t words = reduction.words(), filters = last - first;
  if (o_->multiplier) o_->multiplier->reset(RowMultiplier::kStationary, filters, words * 32);
  for (int slab = 0; slab < o_->stationary.slabs(); ++slab) {
    std::uint8_t* bytes = bytes_.resize(filters * words * 32);
    for (std::int64_t f = 0; f < filters; ++f) {
      std::uint8_t* row = bytes + f * words * 32;
      std::uint8_t* end = gather(row, reduction, p_.channels, [&](std::int64_t ky) {
        return o_->stationary_bytes.at(slab, tile.group, first + f, reduction.channel_first, ky,
                                       reduction.column_first);
      });
      clear_rest(end, row, words);
    }
    give_bytes(RowMultiplier::kStationary, slab, bytes, filters, words * 32);
    const int planes = o_->stationary.planes_of(slab);
    std::uint32_t* rows = rows_[0].resize(filters * words * planes);
    pack_planes(bytes, filters * words, planes, rows);
    fill_panel(rows, filters, words, planes, panels_.data[at(slab)].resize(panel_size(filters, words, planes)));
  }
}

/// Sums over valid taps: the masks of valid taps are a moving operand of one plane.
void PlaneTask::count_taps(const ReductionRange& reduction) {
  const std::int64_t words = reduction.words();
  std::uint8_t* bytes = bytes_.resize(classes_.count() * words * 32);
  for (std::int64_t c = 0; c < classes_.count(); ++c) {
    std::uint8_t *row = bytes + c * words * 32, *end = row;
    for (std::int64_t ky = reduction.row_first; ky < reduction.row_last; ++ky)
      for (std::int64_t kx = reduction.column_first; kx < reduction.column_last; ++kx) {
        std::memset(end, classes_.valid(c, ky, kx) ? 1 : 0, at(reduction.channels()));
        end += reduction.channels();
      }
    clear_rest(end, row, words);
  }
  pack_planes(bytes, classes_.count() * words, 1, masks_.resize(classes_.count() * words));
}

void PlaneTask::multiply(const PlaneRows& rows, int stationary_slab, std::int64_t first_word, std::int64_t word_count,
                         int digit) {
  multiply_planes(panel(stationary_slab), rows, first_word, word_count, digit, partial_.resize(rows.count * pitch()));
}

void PlaneTask::add_class_sums() {
  const std::int64_t words = panels_.reduction.words(), count = classes_.count();
  const PlaneRows masks{masks_.data(), count, words, 1, false};
  for (int slab = 0; slab < o_->stationary.slabs(); ++slab)
    for (std::int64_t word = 0; word < words; word += kMostWords) {
      multiply(masks, slab, word, std::min(kMostWords, words - word), 1);
      for (std::int64_t f = 0; f < panels_.filters(); ++f) {
        std::int64_t* sums = &class_sums_[at((panels_.group * p_.filters + panels_.filter_first + f) * count)];
        for (std::int64_t c = 0; c < count; ++c)
          sums[c] += partial_.data()[c * pitch() + f] * (std::int64_t{1} << 8 * slab);
      }
    }
}

void PlaneTask::pack_windows(const ReductionRange& reduction, std::int64_t group, std::int64_t count) {
  const std::int64_t words = reduction.words();
  const MovingBytes& moving = o_->moving_bytes;
  if (o_->multiplier) o_->multiplier->reset(RowMultiplier::kMoving, count, words * 32);
  const std::int64_t row_step = p_.dilation * moving.row_step();
  for (int slab = 0; slab < o_->moving.slabs(); ++slab) {
    std::uint8_t* bytes = bytes_.resize(count * words * 32);
    for (std::int64_t w = 0; w < count; ++w) {
      const Window& window = windows_[at(w)];
      std::uint8_t* row = bytes + w * words * 32;
      const std::uint8_t* first =
          moving.at(slab, window.batch, group, reduction.channel_first, window.y * p_.stride, window.x) +
          reduction.column_first * moving.column_step();
      std::uint8_t* end =
          gather(row, reduction, moving.column_step(), [=](std::int64_t ky) { return first + ky * row_step; });
      clear_rest(end, row, words);
    }
    give_bytes(RowMultiplier::kMoving, slab, bytes, count, words * 32);
    const int planes = o_->moving.planes_of(slab);
    pack_planes(bytes, count * words, planes, rows_[at(slab)].resize(count * words * planes));
  }
}

void PlaneTask::add_moving_sums(std::int64_t words, std::int64_t group, std::int64_t count) {
  for (int slab = 0; slab < o_->moving.slabs(); ++slab) {
    const int planes = o_->moving.planes_of(slab);
    std::array<std::int64_t, kWindowChunk> sums{};
    sum_rows({rows_[at(slab)].data(), count, words, planes, o_->moving.negative_in(slab)}, sums.data());
    for (std::int64_t w = 0; w < count; ++w) {
      const Window& window = windows_[at(w)];
      sums_.moving[at((window.batch * p_.groups + group) * plane_ + window.y * p_.out_width + window.x)] +=
          sums[at(w)] * (std::int64_t{1} << 8 * slab);
    }
  }
}

void PlaneTask::compute_windows(const TileRange& tile, const OutputRange& out) {
  const ReductionRange& reduction = panels_.reduction;
  const std::int64_t words = reduction.words();
  std::array<std::int64_t, kWindowChunk> places{};
  const std::int64_t height = out.y_last - out.y_first, width = out.x_last - out.x_first;
  const std::int64_t total = (out.batch_last - out.batch_first) * height * width;
  for (std::int64_t first = 0; first < total; first += kWindowChunk) {
    const std::int64_t count = std::min(kWindowChunk, total - first);
    for (std::int64_t w = 0; w < count; ++w) {
      const std::int64_t row = (first + w) / width;
      const Window window{out.batch_first + row / height, out.y_first + row % height,
                          out.x_first + (first + w) % width};
      windows_[at(w)] = window;
      places[at(w)] = ((window.batch * p_.groups + tile.group) * p_.filters + panels_.filter_first) * plane_ +
                      window.y * p_.out_width + window.x;
    }
    pack_windows(reduction, tile.group, count);
    if (panels_.filter_first == 0) add_moving_sums(words, tile.group, count);
    if (o_->multiplier) {
      multiply_rows(places.data(), count);
      continue;
    }
    for (int m = 0; m < o_->moving.slabs(); ++m)
      for (int s = 0; s < o_->stationary.slabs(); ++s)
        for (std::int64_t word = 0; word < words; word += kMostWords) {
          const PlaneRows rows{rows_[at(m)].data(), count, words, o_->moving.planes_of(m), o_->moving.negative_in(m)};
          multiply(rows, s, word, std::min(kMostWords, words - word), kDigit);
          add_products(places.data(), count, std::int64_t{1} << 8 * (m + s));
        }
  }
}

/// Adds the kernel's sums [window][filter] to the products, whose windows are neighbours in runs.
void PlaneTask::add_products(const std::int64_t* places, std::int64_t count, std::int64_t weight) {
  const std::int64_t step = pitch();
  for (std::int64_t first = 0, last = 0; first < count; first = last) {
    last = first + 1;
    while (last < count && places[last] == places[last - 1] + 1) ++last;
    const std::int64_t run = last - first;
    for (std::int64_t f = 0; f < panels_.filters(); ++f) {
      std::int64_t* products = &sums_.products[at(places[first] + f * plane_)];
      const std::int32_t* partial = partial_.data() + first * step + f;
      if (weight == 1) {
        for (std::int64_t w = 0; w < run; ++w) products[w] += partial[w * step];
      } else {
        for (std::int64_t w = 0; w < run; ++w) products[w] += partial[w * step] * weight;
      }
    }
  }
}

void PlaneTask::give_bytes(RowMultiplier::Side side, int slab, const std::uint8_t* bytes, std::int64_t rows,
                           std::int64_t places) {
  if (!o_->multiplier) return;
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t place = 0; place < places; ++place)
      o_->multiplier->set_byte(side, row, place, slab, bytes[row * places + place]);
}

void PlaneTask::multiply_rows(const std::int64_t* places, std::int64_t count) {
  const std::int64_t filters = panels_.filters();
  row_products_.assign(at(count * filters), 0);
  o_->multiplier->multiply(filters, 1, row_products_.data());
  for (std::int64_t w = 0; w < count; ++w)
    for (std::int64_t f = 0; f < filters; ++f)
      sums_.products[at(places[w] + f * plane_)] += row_products_[at(w * filters + f)];
}

/// Integer sums are exact whatever the tiling. Machines with small buffers cut it too fine for packed words and panels:
/// such a group is computed at once when it has been walked, others as they are walked.
void PlaneTask::compute(const TileRange& tile) {
  std::optional<bool>& at_once = at_once_[at(tile.group)];
  if (!at_once) at_once = is_small(tile);
  const bool completes = cover_.completes_group(tile);
  if (!*at_once) {
    compute_piece(tile);
  } else if (completes) {
    compute_piece(whole_group(p_, tile.group));
  }
}

bool PlaneTask::is_small(const TileRange& tile) const {
  const auto size = [&](const TileRange& range) {
    const std::int64_t area = range.extent(Loop::kY) * range.extent(Loop::kX), batch = range.extent(Loop::kBatch),
                       channels = range.extent(Loop::kChannels);
    const bool over_kernel = p_.pass == Pass::kBackwardWeight;
    return std::pair{over_kernel ? batch : batch * area,
                     over_kernel ? channels * area : channels};  // windows, reduction
  };
  const auto [windows, reduction] = size(tile);
  const auto [all_windows, whole_reduction] = size(whole_group(p_, tile.group));
  return windows < std::min(all_windows, kFewWindows) || reduction < std::min(whole_reduction, kShortReduction);
}

void PlaneTask::compute_piece(const TileRange& tile) {
  const bool over_kernel = p_.pass == Pass::kBackwardWeight;
  ReductionRange reduction{
      tile.begin(Loop::kChannels), tile.end(Loop::kChannels), 0, p_.kernel_height, 0, p_.kernel_width};
  OutputRange outputs{tile.begin(Loop::kBatch), tile.end(Loop::kBatch), 0, p_.out_height, 0, p_.out_width};
  (over_kernel ? reduction.row_first : outputs.y_first) = tile.begin(Loop::kY);
  (over_kernel ? reduction.row_last : outputs.y_last) = tile.end(Loop::kY);
  (over_kernel ? reduction.column_first : outputs.x_first) = tile.begin(Loop::kX);
  (over_kernel ? reduction.column_last : outputs.x_last) = tile.end(Loop::kX);
  fill_panels(tile, reduction);
  // what depends on fewer loops than the products is added by the first tile of the others alone
  if (outputs.batch_first == 0 && outputs.y_first == 0 && outputs.x_first == 0) {
    count_taps(reduction);
    add_class_sums();
    if (tile.group == 0 && panels_.filter_first == 0) {
      std::vector<std::int64_t> taps(at(classes_.count()));
      sum_rows({masks_.data(), classes_.count(), reduction.words(), 1, false}, taps.data());
      for (std::size_t c = 0; c < taps.size(); ++c) class_taps_[c] += taps[c];
    }
  }
  compute_windows(tile, outputs);
}

}  // namespace

std::unique_ptr<FunctionalTask> make_plane_task(std::unique_ptr<DatapathOperands> operands) {
  return std::make_unique<PlaneTask>(std::move(operands));
}

}  // namespace ldpsim
