// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/index.hpp"
#include "sim/datapath/bit_kernels.hpp"
#include "sim/datapath/datapath_task.hpp"
#include "sim/datapath/sum_kernels.hpp"
#include "sim/datapath/tap_classes.hpp"
#include "sim/datapath/tile_cover.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kPieceWindows = 2048;  ///< outputs whose taps stay in the nearer caches

/// A reduction over the taps of one channel is too short for packed words. Lanes are outputs instead: the bits of the
/// stationary code are serial, the moving codes of neighbouring outputs parallel, and each scale group's sums leave the
/// integer accumulators for a real one.
class GroupedTask final : public FunctionalTask {
 public:
  explicit GroupedTask(std::unique_ptr<DatapathOperands> operands)
      : o_(std::move(operands)),
        p_(o_->problem),
        classes_(p_),
        cover_(p_),
        plane_(p_.out_height * p_.out_width),
        taps_(p_.kernel_height * p_.kernel_width) {
    values_.resize(at(p_.outputs()));
    fits_ = products_that_fit(o_->accumulator, o_->bits) >= taps_;
    if (o_->accumulator.overflow == Overflow::kSplit) {
      spills_ = spills_per_output(o_->accumulator, o_->bits, taps_) * p_.channels * p_.outputs();
    }
    fill_valid_taps();
  }

  void compute(const TileRange& tile) override {
    if (cover_.completes_group(tile)) compute_group(tile.group);
  }
  void finish() override {
    cover_.check_complete();
    bits_needed_ = accumulator_bits_for(range_.least, range_.most, o_->bits);
  }
  void observe_groups(GroupObserver observer) override { observer_ = std::move(observer); }
  const IntegerSums& sums() const override { return sums_; }
  const std::vector<double>& values() const override { return values_; }
  const AccumulatorSpec& accumulator() const override { return o_->accumulator; }
  int accumulator_bits_needed() const override { return bits_needed_; }
  std::int64_t spills() const override { return spills_; }

 private:
  struct Row {
    std::int64_t batch, y;
  };

  void compute_group(std::int64_t group);
  void compute_piece(const TileRange& tile);
  void fill_valid_taps();
  void spread_masks(const TileRange& tile, std::int64_t channel);
  void gather_taps(const TileRange& tile, std::int64_t channel);
  void gather_row(int slab, const TileRange& tile, std::int64_t channel, const Row& row, std::int16_t* to);
  void add_channel(const TileRange& tile, std::int64_t channel);
  void add_products(const TileRange& tile, std::int64_t channel, std::int64_t filter);
  void add_products_wide(const TileRange& tile, std::int64_t channel, std::int64_t filter);
  void multiply_rows(const TileRange& tile, std::int64_t channel);
  void add_corrections(const TileRange& tile, std::int64_t channel);
  void report(const TileRange& tile, std::int64_t channel);
  void store(const TileRange& tile);
  std::int64_t apply_overflow(std::int64_t sum, const OutputIndex& output, std::int64_t channel) const;
  double scale(const TileRange& tile, std::int64_t channel) const {
    return DatapathOperands::scale_at(o_->stationary_scale, tile.group * p_.channels + channel);
  }
  double offset(const TileRange& tile, std::int64_t channel) const {
    return DatapathOperands::scale_at(o_->stationary_offset, tile.group * p_.channels + channel);
  }
  const std::uint32_t* masks(int slab, std::int64_t filter) const {
    return masks_[at(slab)].data() + filter * taps_ * o_->stationary.planes_of(slab);
  }
  /// serial_sum of the stationary codes of `filter` (or of ones, if negative) with parallel operands.
  void sum(const std::int16_t* taps, std::int64_t pitch, std::int64_t lanes, int stationary_slab, std::int64_t filter,
           std::int32_t* out) const;

  std::unique_ptr<DatapathOperands> o_;
  const Problem& p_;
  TapClasses classes_;
  TileCover cover_;
  std::int64_t plane_, taps_;
  bool fits_ = true;
  IntegerSums sums_;  ///< stays empty
  std::vector<double> values_;
  SumRange range_;
  std::int64_t spills_ = 0;
  int bits_needed_ = 0;
  GroupObserver observer_;

  std::vector<std::int16_t> valid_taps_;  ///< [tap][class], 1 = real
  std::int64_t class_pitch_ = 0;
  std::vector<std::uint32_t> ones_;  ///< [tap]

  // of one tile; windows = its outputs [batch, y, x]
  std::int64_t windows_ = 0, filters_ = 0, window_pitch_ = 0;
  std::vector<std::int64_t> window_class_;
  std::vector<double> tile_values_;               ///< [filter, window]
  std::vector<double> moving_part_, class_part_;  ///< [window]; [filter, class]
  // of one channel
  std::array<AlignedBuffer<std::uint32_t>, 2> masks_;           ///< [filter][tap][plane]
  std::array<AlignedBuffer<std::int16_t>, 2> taps_of_windows_;  ///< [tap][window]
  AlignedBuffer<std::int32_t> partial_;                         ///< [window]
  std::vector<std::int64_t> row_products_;                      ///< [filter][window]
  std::vector<std::int64_t> wide_, products_, moving_, class_sums_, class_taps_;
};

void GroupedTask::fill_valid_taps() {
  class_pitch_ = round_up(classes_.count(), 64);
  valid_taps_.assign(at(taps_ * class_pitch_ + AlignedBuffer<int>::kSlack), 0);
  ones_.assign(at(taps_), ~std::uint32_t{0});
  class_taps_.assign(at(classes_.count()), 0);
  for (std::int64_t tap = 0; tap < taps_; ++tap)
    for (std::int64_t c = 0; c < classes_.count(); ++c) {
      valid_taps_[at(tap * class_pitch_ + c)] = classes_.valid(c, tap / p_.kernel_width, tap % p_.kernel_width);
    }
  AlignedBuffer<std::int32_t> counts;
  counts.resize(class_pitch_);
  sum(valid_taps_.data(), class_pitch_, classes_.count(), 0, -1, counts.data());
  std::copy_n(counts.data(), classes_.count(), class_taps_.begin());
}

void GroupedTask::sum(const std::int16_t* taps, std::int64_t pitch, std::int64_t lanes, int slab, std::int64_t filter,
                      std::int32_t* out) const {
  SerialSum s{.taps = taps, .tap_count = taps_, .pitch = pitch, .lanes = lanes, .masks = ones_.data()};
  if (filter >= 0) {
    s.masks = masks(slab, filter);
    s.planes = o_->stationary.planes_of(slab);
    s.negative = o_->stationary.negative_in(slab);
  }
  serial_sum(s, out);
}

/// Each bit of the stationary codes of one channel as a mask of ones or zeros.
void GroupedTask::spread_masks(const TileRange& tile, std::int64_t channel) {
  for (int slab = 0; slab < o_->stationary.slabs(); ++slab) {
    const int planes = o_->stationary.planes_of(slab);
    std::uint32_t* mask = masks_[at(slab)].resize(filters_ * taps_ * planes);
    for (std::int64_t f = 0; f < filters_; ++f)
      for (std::int64_t tap = 0; tap < taps_; ++tap) {
        const std::uint32_t code = *o_->stationary_bytes.at(slab, tile.group, tile.begin(Loop::kFilters) + f, channel,
                                                            tap / p_.kernel_width, tap % p_.kernel_width);
        for (int plane = 0; plane < planes; ++plane) *mask++ = 0u - (code >> plane & 1u);
      }
  }
}

void GroupedTask::gather_row(int slab, const TileRange& tile, std::int64_t channel, const Row& row, std::int16_t* to) {
  const bool negative = o_->moving.negative_in(slab);
  const auto number = [negative](std::uint8_t code) {
    return static_cast<std::int16_t>(negative ? static_cast<std::int8_t>(code) : code);
  };
  const std::int64_t first = tile.begin(Loop::kX), width = tile.extent(Loop::kX);
  for (std::int64_t tap = 0; tap < taps_; ++tap) {
    const std::int64_t ky = tap / p_.kernel_width, kx = tap % p_.kernel_width;
    const std::int64_t y = row.y * p_.stride + ky * p_.dilation;
    std::int16_t* out = to + tap * window_pitch_;
    if (p_.dilation == 1 && p_.stride == 1) {
      const std::uint8_t* in = o_->moving_bytes.at(slab, row.batch, tile.group, channel, y, first) + kx;
      if (negative) {
        for (std::int64_t x = 0; x < width; ++x) out[x] = static_cast<std::int8_t>(in[x]);
      } else {
        for (std::int64_t x = 0; x < width; ++x) out[x] = in[x];
      }
    } else {
      for (std::int64_t x = 0; x < width; ++x)
        out[x] = number(*(o_->moving_bytes.at(slab, row.batch, tile.group, channel, y, first + x) + kx));
    }
  }
}

void GroupedTask::gather_taps(const TileRange& tile, std::int64_t channel) {
  for (int slab = 0; slab < o_->moving.slabs(); ++slab) {
    std::int16_t* to = taps_of_windows_[at(slab)].resize(taps_ * window_pitch_);
    for (std::int64_t b = tile.begin(Loop::kBatch); b < tile.end(Loop::kBatch); ++b)
      for (std::int64_t y = tile.begin(Loop::kY); y < tile.end(Loop::kY); ++y) {
        gather_row(slab, tile, channel, {b, y}, to);
        to += tile.extent(Loop::kX);
      }
  }
}

void GroupedTask::add_products(const TileRange& tile, std::int64_t channel, std::int64_t filter) {
  sum(taps_of_windows_[0].data(), window_pitch_, windows_, 0, filter, partial_.data());
  add_scaled(partial_.data(), windows_, o_->moving_scale * scale(tile, channel), &tile_values_[at(filter * windows_)],
             range_);
  if (observer_) std::copy_n(partial_.data(), windows_, &products_[at(filter * windows_)]);
}

std::int64_t GroupedTask::apply_overflow(std::int64_t sum, const OutputIndex& output, std::int64_t channel) const {
  const AccumulatorRange range = accumulator_range(o_->accumulator, o_->bits);
  if (o_->accumulator.overflow == Overflow::kWrap) return wrapped_sum(sum, o_->accumulator, range);
  if (o_->bits.moving_signed || o_->bits.stationary_signed)
    return saturating_sum_of_planes(*o_, output, channel, channel + 1);
  return std::min(sum, range.most);  // sums of unsigned codes only grow
}

/// Of all filters at once: products of the taps of one channel, row by row.
void GroupedTask::multiply_rows(const TileRange& tile, std::int64_t channel) {
  RowMultiplier& multiplier = *o_->multiplier;
  multiplier.reset(RowMultiplier::kMoving, windows_, taps_);
  multiplier.reset(RowMultiplier::kStationary, filters_, taps_);
  for (int slab = 0; slab < o_->moving.slabs(); ++slab)
    for (std::int64_t w = 0; w < windows_; ++w)
      for (std::int64_t tap = 0; tap < taps_; ++tap)
        multiplier.set_byte(RowMultiplier::kMoving, w, tap, slab,
                            static_cast<std::uint8_t>(taps_of_windows_[at(slab)].data()[tap * window_pitch_ + w]));
  for (int slab = 0; slab < o_->stationary.slabs(); ++slab)
    for (std::int64_t f = 0; f < filters_; ++f)
      for (std::int64_t tap = 0; tap < taps_; ++tap)
        multiplier.set_byte(RowMultiplier::kStationary, f, tap, slab,
                            *o_->stationary_bytes.at(slab, tile.group, tile.begin(Loop::kFilters) + f, channel,
                                                     tap / p_.kernel_width, tap % p_.kernel_width));
  row_products_.assign(at(filters_ * windows_), 0);
  multiplier.multiply(1, windows_, row_products_.data());
}

/// Operands of more than 8 bits in steps of 8, and accumulators that may overflow.
void GroupedTask::add_products_wide(const TileRange& tile, std::int64_t channel, std::int64_t filter) {
  std::fill(wide_.begin(), wide_.end(), 0);
  if (o_->multiplier) std::copy_n(&row_products_[at(filter * windows_)], windows_, wide_.begin());
  for (int m = 0; m < o_->moving.slabs() && !o_->multiplier; ++m)
    for (int s = 0; s < o_->stationary.slabs(); ++s) {
      sum(taps_of_windows_[at(m)].data(), window_pitch_, windows_, s, filter, partial_.data());
      const std::int64_t weight = std::int64_t{1} << 8 * (m + s);
      for (std::int64_t w = 0; w < windows_; ++w) wide_[at(w)] += partial_.data()[w] * weight;
    }
  const double factor = o_->moving_scale * scale(tile, channel);
  const bool exact = fits_ || o_->accumulator.overflow == Overflow::kSplit;
  const std::int64_t width = tile.extent(Loop::kX), height = tile.extent(Loop::kY);
  for (std::int64_t w = 0; w < windows_; ++w) {
    std::int64_t& product = wide_[at(w)];
    range_.least = std::min(range_.least, product);
    range_.most = std::max(range_.most, product);
    if (!exact) {
      const OutputIndex output{tile.begin(Loop::kBatch) + w / width / height, tile.group,
                               tile.begin(Loop::kFilters) + filter, tile.begin(Loop::kY) + w / width % height,
                               tile.begin(Loop::kX) + w % width};
      product = apply_overflow(product, output, channel);
    }
    tile_values_[at(filter * windows_ + w)] += factor * static_cast<double>(product);
  }
  if (observer_) std::copy_n(wide_.begin(), windows_, &products_[at(filter * windows_)]);
}

/// Sums of moving codes, of stationary codes over valid taps, and their part of the results.
void GroupedTask::add_corrections(const TileRange& tile, std::int64_t channel) {
  std::fill(moving_.begin(), moving_.end(), 0);
  for (int m = 0; m < o_->moving.slabs(); ++m) {
    sum(taps_of_windows_[at(m)].data(), window_pitch_, windows_, 0, -1, partial_.data());
    for (std::int64_t w = 0; w < windows_; ++w) moving_[at(w)] += partial_.data()[w] * (std::int64_t{1} << 8 * m);
  }
  std::fill(class_sums_.begin(), class_sums_.end(), 0);
  const std::int64_t count = classes_.count();
  for (int s = 0; s < o_->stationary.slabs(); ++s)
    for (std::int64_t f = 0; f < filters_; ++f) {
      sum(valid_taps_.data(), class_pitch_, count, s, f, partial_.data());
      for (std::int64_t c = 0; c < count; ++c)
        class_sums_[at(f * count + c)] += partial_.data()[c] * (std::int64_t{1} << 8 * s);
    }
  const double of_moving = o_->moving_scale * offset(tile, channel),
               of_stationary = o_->moving_offset * scale(tile, channel),
               of_taps = o_->moving_offset * offset(tile, channel);
  for (std::size_t w = 0; w < moving_.size(); ++w) moving_part_[w] += of_moving * static_cast<double>(moving_[w]);
  for (std::size_t i = 0; i < class_sums_.size(); ++i) {
    class_part_[i] +=
        of_stationary * static_cast<double>(class_sums_[i]) + of_taps * static_cast<double>(class_taps_[i % at(count)]);
  }
}

void GroupedTask::report(const TileRange& tile, std::int64_t channel) {
  const std::int64_t count = tile.extent(Loop::kY) * tile.extent(Loop::kX);
  std::vector<std::int64_t> stationary(at(filters_ * count)), taps(at(count));
  for (std::int64_t i = 0; i < count; ++i) {
    taps[at(i)] = class_taps_[at(window_class_[at(i)])];
    for (std::int64_t f = 0; f < filters_; ++f)
      stationary[at(f * count + i)] = class_sums_[at(f * classes_.count() + window_class_[at(i)])];
  }
  observer_({&tile, channel, products_, moving_, stationary, taps});
}

void GroupedTask::add_channel(const TileRange& tile, std::int64_t channel) {
  spread_masks(tile, channel);
  gather_taps(tile, channel);
  if (o_->multiplier) multiply_rows(tile, channel);
  const bool narrow = !o_->multiplier && fits_ && o_->moving.slabs() == 1 && o_->stationary.slabs() == 1;
  for (std::int64_t f = 0; f < filters_; ++f)
    narrow ? add_products(tile, channel, f) : add_products_wide(tile, channel, f);
  add_corrections(tile, channel);
  if (observer_) report(tile, channel);
}

void GroupedTask::store(const TileRange& tile) {
  const std::int64_t height = tile.extent(Loop::kY), width = tile.extent(Loop::kX);
  for (std::int64_t f = 0; f < filters_; ++f) {
    const double* parts = &class_part_[at(f * classes_.count())];
    for (std::int64_t row = 0; row < windows_ / width; ++row) {
      const std::int64_t b = tile.begin(Loop::kBatch) + row / height, y = tile.begin(Loop::kY) + row % height;
      double* out = &values_[at(((b * p_.groups + tile.group) * p_.filters + tile.begin(Loop::kFilters) + f) * plane_ +
                                y * p_.out_width + tile.begin(Loop::kX))];
      for (std::int64_t x = 0; x < width; ++x) {
        const std::size_t w = at(row * width + x);
        out[x] += tile_values_[at(f * windows_) + w] + moving_part_[w] + parts[window_class_[w]];
      }
    }
  }
}

void GroupedTask::compute_piece(const TileRange& tile) {
  filters_ = tile.extent(Loop::kFilters);
  windows_ = tile.extent(Loop::kBatch) * tile.extent(Loop::kY) * tile.extent(Loop::kX);
  if (windows_ == 0 || filters_ == 0) return;
  window_pitch_ = round_up(windows_, 64);
  tile_values_.assign(at(filters_ * windows_), 0.0);
  moving_part_.assign(at(windows_), 0.0);
  class_part_.assign(at(filters_ * classes_.count()), 0.0);
  partial_.resize(std::max(window_pitch_, class_pitch_));
  wide_.resize(at(windows_));
  moving_.resize(at(windows_));
  class_sums_.resize(at(filters_ * classes_.count()));
  if (observer_) products_.resize(at(filters_ * windows_));
  window_class_.clear();
  for (std::int64_t b = tile.begin(Loop::kBatch); b < tile.end(Loop::kBatch); ++b)
    for (std::int64_t y = tile.begin(Loop::kY); y < tile.end(Loop::kY); ++y)
      for (std::int64_t x = tile.begin(Loop::kX); x < tile.end(Loop::kX); ++x)
        window_class_.push_back(classes_.of(y, x));
  for (std::int64_t c = tile.begin(Loop::kChannels); c < tile.end(Loop::kChannels); ++c) add_channel(tile, c);
  store(tile);
}

/// A scale group's sums end within a tile, so that the mapper's tiling changes none of them. Machines with small
/// buffers cut outputs into tiles too small for registers: values are computed in pieces of our own once a group has
/// been walked.
void GroupedTask::compute_group(std::int64_t group) {
  TileRange piece = whole_group(p_, group);
  const std::int64_t rows = std::max<std::int64_t>(1, kPieceWindows / p_.out_width);
  const std::int64_t images = std::max<std::int64_t>(1, rows / p_.out_height);
  const auto batch = static_cast<std::size_t>(Loop::kBatch), y = static_cast<std::size_t>(Loop::kY);
  for (std::int64_t b = 0; b < p_.batch; b += images)
    for (std::int64_t row = 0; row < p_.out_height; row += rows) {
      piece.first[batch] = b;
      piece.last[batch] = std::min(b + images, p_.batch);
      piece.first[y] = row;
      piece.last[y] = std::min(row + rows, p_.out_height);
      compute_piece(piece);
    }
}

}  // namespace

std::unique_ptr<FunctionalTask> make_grouped_task(std::unique_ptr<DatapathOperands> operands) {
  return std::make_unique<GroupedTask>(std::move(operands));
}

}  // namespace ldpsim
