// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/index.hpp"
#include "sim/datapath/code_kernels.hpp"
#include "sim/datapath/datapath_task.hpp"
#include "sim/datapath/paired_codes.hpp"
#include "sim/datapath/tap_classes.hpp"
#include "sim/datapath/tile_cover.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kGroupedWindowChunk = 16;  ///< registers of windows whose codes stay in the nearest cache

/// Scale groups by products of whole codes: pairs are neighbouring taps of one channel, lanes neighbouring outputs, and
/// the sums of a channel become real in the registers that form them.
class GroupedCodeTask final : public FunctionalTask {
 public:
  GroupedCodeTask(std::unique_ptr<DatapathOperands> operands, const PassOperands& tensors)
      : o_(std::move(operands)),
        p_(o_->problem),
        classes_(p_),
        cover_(p_),
        plane_(p_.out_height * p_.out_width),
        lanes_(pair_lanes()) {
    values_.resize(at(p_.outputs()));
    if (o_->accumulator.overflow == Overflow::kSplit) {
      const std::int64_t taps = p_.kernel_height * p_.kernel_width;
      spills_ = spills_per_output(o_->accumulator, o_->bits, taps) * p_.channels * p_.outputs();
    }
    fill_moving(*tensors.moving);
    list_windows();
    fill_panels(*tensors.stationary);
    list_scales();
    sum_classes(*tensors.stationary);
  }

  void compute(const TileRange& tile) override {
    if (cover_.completes_group(tile)) compute_group(tile.group);
  }
  void finish() override {
    cover_.check_complete();
    bits_needed_ = accumulator_bits_for(range_.least, range_.most, o_->bits);
  }
  void observe_groups(GroupObserver) override { throw InternalError("scale groups on codes cannot be observed"); }
  const IntegerSums& sums() const override { return sums_; }
  const std::vector<double>& values() const override { return values_; }
  const AccumulatorSpec& accumulator() const override { return o_->accumulator; }
  int accumulator_bits_needed() const override { return bits_needed_; }
  std::int64_t spills() const override { return spills_; }

 private:
  /// Neighbouring windows of one row, a register at most.
  struct Window {
    std::int64_t word, y, x;
  };

  void fill_moving(const QuantisedTensor& tensor);
  void list_windows();
  void fill_panels(const QuantisedTensor& tensor);
  void list_scales();
  void sum_classes(const QuantisedTensor& tensor);
  void compute_group(std::int64_t group);
  void compute_chunk(std::int64_t group, std::int64_t batch, std::int64_t first, std::int64_t count);
  void store(std::int64_t filter, std::int64_t batch, std::int64_t first, std::int64_t count, const double* sums);
  /// Blocks of kScaledFilters filters of a group.
  std::int64_t blocks() const { return ceil_div(p_.filters, kScaledFilters); }
  std::int64_t panel_size() const { return p_.channels * step_count() * kScaledFilters; }
  std::int64_t step_count() const { return static_cast<std::int64_t>(steps_.size()); }

  std::unique_ptr<DatapathOperands> o_;
  const Problem& p_;
  TapClasses classes_;
  TileCover cover_;
  std::int64_t plane_, lanes_;
  IntegerSums sums_;  ///< stays empty
  std::vector<double> values_;
  SumRange range_;
  std::int64_t spills_ = 0;
  int bits_needed_ = 0;

  PairedCodes moving_;                            ///< blocks [group, sample, channel], a code and its right neighbour
  std::vector<std::int64_t> steps_;               ///< word of each pair of taps
  std::vector<Window> windows_;                   ///< of one sample
  std::vector<std::int64_t> words_, counts_;      ///< of each window
  AlignedBuffer<std::uint32_t> panels_, ones_;    ///< [group][block][channel][step][filter of block]; of one block
  std::vector<double> scales_, offsets_;          ///< [group][channel][filter of block]: of products, of moving sums
  std::vector<double> class_part_;                ///< [group, filter, class]
  AlignedBuffer<double> products_, moving_part_;  ///< [filter of block][window][lane]
};

void GroupedCodeTask::fill_moving(const QuantisedTensor& tensor) {
  const std::int64_t blocks = p_.groups * p_.batch * p_.channels;
  moving_.reset({.channels = 1,
                 .height = p_.out_height + (p_.kernel_height - 1) * p_.dilation,
                 .width = p_.out_width + (p_.kernel_width - 1) * p_.dilation,
                 .in_height = p_.in_height,
                 .in_width = p_.in_width,
                 .insertion = p_.insertion,
                 .pad_y = p_.pad_y,
                 .pad_x = p_.pad_x},
                blocks, o_->moving);
  std::int64_t block = 0;
  for (std::int64_t g = 0; g < p_.groups; ++g)
    for (std::int64_t b = 0; b < p_.batch; ++b)
      for (std::int64_t c = 0; c < p_.channels; ++c)
        moving_.fill(block++, tensor.codes.data() + p_.moving.at(b, g, 0, c, 0, 0), p_.moving);
  if (p_.kernel_width > 1) moving_.pair_columns(blocks, p_.dilation);
}

void GroupedCodeTask::list_windows() {
  for (std::int64_t ky = 0; ky < p_.kernel_height; ++ky)
    for (std::int64_t kx = 0; kx < p_.kernel_width; kx += 2)
      steps_.push_back(moving_.position(ky * p_.dilation, kx * p_.dilation));
  for (std::int64_t y = 0; y < p_.out_height; ++y)
    for (std::int64_t x = 0; x < p_.out_width; x += lanes_) {
      windows_.push_back({moving_.position(y, x), y, x});
      words_.push_back(windows_.back().word);
      counts_.push_back(std::min(lanes_, p_.out_width - x));
    }
}

void GroupedCodeTask::fill_panels(const QuantisedTensor& tensor) {
  const auto number = [](std::int32_t code) { return static_cast<std::uint32_t>(code) & 0xFFFFu; };
  std::uint32_t* panels = panels_.resize(p_.groups * blocks() * panel_size());
  for (std::int64_t g = 0; g < p_.groups; ++g)
    for (std::int64_t f = 0; f < p_.filters; ++f) {
      std::uint32_t* word = panels + (g * blocks() + f / kScaledFilters) * panel_size() + f % kScaledFilters;
      for (std::int64_t c = 0; c < p_.channels; ++c)
        for (std::int64_t ky = 0; ky < p_.kernel_height; ++ky)
          for (std::int64_t kx = 0; kx < p_.kernel_width; kx += 2, word += kScaledFilters) {
            const std::int32_t* code = tensor.codes.data() + p_.stationary.at(0, g, f, c, ky, kx);
            *word = number(*code) | (kx + 1 < p_.kernel_width ? number(code[p_.stationary.x]) << 16 : 0u);
          }
    }
  // moving codes alone are summed up by a filter of ones
  std::uint32_t* ones = ones_.resize(panel_size());
  for (std::int64_t c = 0; c < p_.channels; ++c)
    for (std::int64_t ky = 0; ky < p_.kernel_height; ++ky)
      for (std::int64_t kx = 0; kx < p_.kernel_width; kx += 2, ones += kScaledFilters)
        *ones = kx + 1 < p_.kernel_width ? 0x00010001u : 1u;
}

void GroupedCodeTask::list_scales() {
  for (std::int64_t i = 0; i < p_.groups * p_.channels; ++i)
    for (std::int64_t f = 0; f < kScaledFilters; ++f) {
      scales_.push_back(o_->moving_scale * DatapathOperands::scale_at(o_->stationary_scale, i));
      offsets_.push_back(o_->moving_scale * DatapathOperands::scale_at(o_->stationary_offset, i));
    }
}

/// What results owe to the moving operand's offset: sums of stationary codes over real taps, and counts of these.
void GroupedCodeTask::sum_classes(const QuantisedTensor& tensor) {
  std::vector<std::int32_t> codes(at(p_.kernel_height * p_.kernel_width));
  std::vector<std::int64_t> sums(at(classes_.count())), taps;
  for (std::int64_t i = 0; i < classes_.count(); ++i) taps.push_back(classes_.taps(i));
  for (std::int64_t g = 0; g < p_.groups; ++g)
    for (std::int64_t f = 0; f < p_.filters; ++f) {
      std::vector<double> part(at(classes_.count()), 0.0);
      for (std::int64_t c = 0; c < p_.channels; ++c) {
        for (std::int64_t ky = 0; ky < p_.kernel_height; ++ky)
          for (std::int64_t kx = 0; kx < p_.kernel_width; ++kx)
            codes[at(ky * p_.kernel_width + kx)] = tensor.codes[at(p_.stationary.at(0, g, f, c, ky, kx))];
        std::fill(sums.begin(), sums.end(), 0);
        classes_.add_real_taps(codes.data(), sums.data());
        const double of_stationary =
                         o_->moving_offset * DatapathOperands::scale_at(o_->stationary_scale, g * p_.channels + c),
                     of_taps =
                         o_->moving_offset * DatapathOperands::scale_at(o_->stationary_offset, g * p_.channels + c);
        for (std::size_t i = 0; i < sums.size(); ++i)
          part[i] += of_stationary * static_cast<double>(sums[i]) + of_taps * static_cast<double>(taps[i]);
      }
      class_part_.insert(class_part_.end(), part.begin(), part.end());
    }
}

void GroupedCodeTask::compute_group(std::int64_t group) {
  products_.resize(kScaledFilters * kGroupedWindowChunk * lanes_);
  moving_part_.resize(kScaledFilters * kGroupedWindowChunk * lanes_);
  const std::int64_t total = static_cast<std::int64_t>(windows_.size());
  for (std::int64_t b = 0; b < p_.batch; ++b)
    for (std::int64_t first = 0; first < total; first += kGroupedWindowChunk)
      compute_chunk(group, b, first, std::min(kGroupedWindowChunk, total - first));
}

void GroupedCodeTask::compute_chunk(std::int64_t group, std::int64_t batch, std::int64_t first, std::int64_t count) {
  const std::int64_t pitch = kGroupedWindowChunk * lanes_, scales = group * p_.channels * kScaledFilters;
  ScaledProducts operands{.moving = moving_.slab(0) + moving_.block((group * p_.batch + batch) * p_.channels),
                          .channel_count = p_.channels,
                          .channel_step = moving_.block(1),
                          .windows = &words_[at(first)],
                          .counts = &counts_[at(first)],
                          .window_count = count,
                          .steps = steps_.data(),
                          .step_count = step_count(),
                          .stationary = ones_.data(),
                          .scales = &offsets_[at(scales)]};
  SumRange unused;
  multiply_scaled(operands, pitch, moving_part_.data(), unused);
  operands.scales = &scales_[at(scales)];
  for (std::int64_t block = 0; block < blocks(); ++block) {
    operands.stationary = panels_.data() + (group * blocks() + block) * panel_size();
    multiply_scaled(operands, pitch, products_.data(), range_);
    for (std::int64_t f = 0; f < std::min(kScaledFilters, p_.filters - block * kScaledFilters); ++f)
      store(group * p_.filters + block * kScaledFilters + f, batch, first, count, products_.data() + f * pitch);
  }
}

void GroupedCodeTask::store(std::int64_t filter, std::int64_t batch, std::int64_t first, std::int64_t count,
                            const double* sums) {
  const double* parts = &class_part_[at(filter * classes_.count())];
  double* out = &values_[at((batch * p_.groups * p_.filters + filter) * plane_)];
  for (std::int64_t w = 0; w < count; ++w) {
    const Window& window = windows_[at(first + w)];
    const double *product = sums + w * lanes_, *moving = moving_part_.data() + w * lanes_;
    double* row = out + window.y * p_.out_width + window.x;
    for (std::int64_t i = 0; i < counts_[at(first + w)]; ++i)
      row[i] = product[i] + moving[i] + parts[classes_.of(window.y, window.x + i)];
  }
}

}  // namespace

bool grouped_codes_suffice(const DatapathOperands& o) {
  const std::int64_t taps = o.problem.kernel_height * o.problem.kernel_width;
  const bool exact = o.accumulator.overflow == Overflow::kSplit || products_that_fit(o.accumulator, o.bits) >= taps;
  return exact && o.moving.slabs() == 1 && o.stationary.slabs() == 1 && o.problem.stride == 1 && taps <= kMostPairs &&
         o.problem.dilation <= AlignedBuffer<std::uint32_t>::kSlack / 2;
}

std::unique_ptr<FunctionalTask> make_grouped_code_task(std::unique_ptr<DatapathOperands> operands,
                                                       const PassOperands& tensors) {
  return std::make_unique<GroupedCodeTask>(std::move(operands), tensors);
}

}  // namespace ldpsim
