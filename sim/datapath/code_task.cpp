// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

#include "sim/core/index.hpp"
#include "sim/datapath/code_kernels.hpp"
#include "sim/datapath/dense_task.hpp"
#include "sim/datapath/paired_codes.hpp"
#include "sim/datapath/sum_kernels.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kCodeWindowChunk = 16;  ///< registers of windows whose sums stay in the nearest cache
constexpr std::int64_t kPlaceChunk = 512;      ///< words of a filter that stay there for all windows

/// A linear layer's channels as a row of places, two by two: rows fill registers, single positions do not.
Problem with_channels_in_a_row(const Problem& problem) {
  Problem p = problem;
  const bool single = p.out_height * p.out_width * p.kernel_height * p.kernel_width * p.in_height * p.in_width == 1;
  if (!single || p.pad_y != 0 || p.pad_x != 0 || p.channels % 2 != 0) return p;
  p.kernel_width = p.in_width = p.channels / 2;
  p.channels = 2;
  p.moving.x = 2 * p.moving.channel;
  p.stationary.x = 2 * p.stationary.channel;
  return p;
}

/// Whether the lanes of registers are better filled with the places of a reduction than with windows. Windows suit
/// large maps and small kernels; in backward-weight the kernel is the map.
bool suits_places(const Problem& p, std::int64_t lanes) {
  return p.kernel_width <= kMostPairs &&
         round_up(p.kernel_width, lanes) * p.out_width < round_up(p.out_width, lanes) * p.kernel_width;
}

/// sums[i] += codes[i * step].
void add_row(const std::int32_t* codes, std::int64_t step, std::int64_t count, std::int32_t* sums) {
  if (step == 1) {  // as most are: a loop of its own, for registers
    for (std::int64_t i = 0; i < count; ++i) sums[i] += codes[i];
  } else {
    for (std::int64_t i = 0; i < count; ++i) sums[i] += codes[i * step];
  }
}

/// The sums by products of whole codes. Exact whatever the tiling: a group is computed at once when it has been walked.
class CodeTask final : public DenseTask {
 public:
  CodeTask(std::unique_ptr<DatapathOperands> operands, const PassOperands& tensors)
      : DenseTask(std::move(operands)),
        shape_(with_channels_in_a_row(p_)),
        lanes_(pair_lanes()),
        along_places_(suits_places(shape_, lanes_)) {
    fill_moving(*tensors.moving);
    along_places_ ? fill_rows(*tensors.stationary) : fill_panels(*tensors.stationary);
    list_steps();
    list_windows();
    sum_stationary(*tensors.stationary);
  }

  void compute(const TileRange& tile) override {
    if (!cover_.completes_group(tile)) return;
    along_places_ ? multiply_along_places(tile.group) : multiply_along_windows(tile.group);
    add_moving_sums(tile.group);
  }

 private:
  /// Neighbouring windows of one sample whose sums share a register, or one window.
  struct Window {
    std::int64_t word;    ///< of its first place, counted from the sample's
    std::int64_t output;  ///< in its plane
    std::int64_t count;
  };

  void fill_moving(const QuantisedTensor& tensor);
  void fill_rows(const QuantisedTensor& tensor);
  void fill_panels(const QuantisedTensor& tensor);
  void list_steps();
  void list_windows();
  void sum_stationary(const QuantisedTensor& tensor);

  void place_windows(std::int64_t group);
  void multiply_along_windows(std::int64_t group);
  void multiply_block(std::int64_t group, std::int64_t filter, std::int64_t first, std::int64_t count);
  void add_products(std::int64_t filter, std::int64_t first, std::int64_t count, int shift);
  void multiply_along_places(std::int64_t group);
  void add_moving_sums(std::int64_t group);
  void sum_windows(std::int64_t* sums);

  std::int64_t padded_filters() const { return round_up(p_.filters, kFilterBlock); }
  std::int64_t step_count() const { return static_cast<std::int64_t>(steps_.size()); }

  Problem shape_;
  std::int64_t lanes_;
  bool along_places_;
  PairedCodes moving_;                                  ///< blocks [group, sample]
  PairedCodes rows_;                                    ///< along places: blocks [group, filter]
  std::array<AlignedBuffer<std::uint32_t>, 2> panels_;  ///< along windows: [slab][group, block, step, filter of block]
  /// Along windows: words of [channel pair, kernel row, kernel column]; along places: of [channel pair, kernel row].
  std::vector<std::int64_t> steps_;
  std::vector<Window> windows_;  ///< of one sample

  // of one group
  std::vector<std::int64_t> words_;      ///< [sample, window]
  std::vector<std::int64_t> places_;     ///< [sample, window] in the products, of the first filter
  std::vector<std::int64_t> wide_;       ///< along places: [filter][sample, window]
  AlignedBuffer<std::int32_t> partial_;  ///< along windows: [filter of block][register][lane]
  AlignedBuffer<std::int32_t> channel_sums_;
};

void CodeTask::fill_moving(const QuantisedTensor& tensor) {
  const Problem& s = shape_;
  moving_.reset({.channels = s.channels,
                 .height = (s.out_height - 1) * s.stride + (s.kernel_height - 1) * s.dilation + 1,
                 .width = (s.out_width - 1) * s.stride + (s.kernel_width - 1) * s.dilation + 1,
                 .in_height = s.in_height,
                 .in_width = s.in_width,
                 .insertion = s.insertion,
                 .pad_y = s.pad_y,
                 .pad_x = s.pad_x,
                 .phases = along_places_ ? s.dilation : s.stride},
                s.groups * s.batch, o_->moving);
  for (std::int64_t g = 0; g < s.groups; ++g)
    for (std::int64_t b = 0; b < s.batch; ++b)
      moving_.fill(g * s.batch + b, tensor.codes.data() + s.moving.at(b, g, 0, 0, 0, 0), s.moving);
}

void CodeTask::fill_rows(const QuantisedTensor& tensor) {
  const Problem& s = shape_;
  rows_.reset({.channels = s.channels,
               .height = s.kernel_height,
               .width = s.kernel_width,
               .in_height = s.kernel_height,
               .in_width = s.kernel_width,
               .whole_words = lanes_},
              s.groups * padded_filters(), o_->stationary);
  for (std::int64_t g = 0; g < s.groups; ++g)
    for (std::int64_t f = 0; f < s.filters; ++f)
      rows_.fill(g * padded_filters() + f, tensor.codes.data() + s.stationary.at(0, g, f, 0, 0, 0), s.stationary);
}

void CodeTask::fill_panels(const QuantisedTensor& tensor) {
  const Problem& s = shape_;
  const std::int64_t pairs = moving_.channel_pairs(), steps = pairs * s.kernel_height * s.kernel_width;
  const int slabs = o_->stationary.slabs();
  for (int slab = 0; slab < slabs; ++slab) {
    const CodePart part = part_of(slab, slabs);
    const auto number = [part](std::int32_t code) {
      return static_cast<std::uint32_t>(code >> part.shift & part.mask);
    };
    std::uint32_t* panel = panels_[at(slab)].resize(s.groups * padded_filters() * steps);
    for (std::int64_t g = 0; g < s.groups; ++g)
      for (std::int64_t f = 0; f < s.filters; ++f) {
        const std::int64_t block = g * padded_filters() + f / kFilterBlock * kFilterBlock;
        std::uint32_t* word = panel + block * steps + f % kFilterBlock;
        for (std::int64_t pair = 0; pair < pairs; ++pair) {
          const bool odd = 2 * pair + 1 == s.channels;
          for (std::int64_t ky = 0; ky < s.kernel_height; ++ky)
            for (std::int64_t kx = 0; kx < s.kernel_width; ++kx, word += kFilterBlock) {
              const std::int32_t* code = tensor.codes.data() + s.stationary.at(0, g, f, 2 * pair, ky, kx);
              *word = number(*code) | (odd ? 0u : number(code[s.stationary.channel]) << 16);
            }
        }
      }
  }
}

void CodeTask::list_steps() {
  const Problem& s = shape_;
  for (std::int64_t pair = 0; pair < moving_.channel_pairs(); ++pair)
    for (std::int64_t ky = 0; ky < s.kernel_height; ++ky) {
      const std::int64_t row = pair * moving_.plane() + ky * s.dilation * moving_.row();
      if (along_places_) steps_.push_back(row);
      for (std::int64_t kx = 0; !along_places_ && kx < s.kernel_width; ++kx)
        steps_.push_back(row + moving_.position(0, kx * s.dilation));
    }
}

void CodeTask::list_windows() {
  const Problem& s = shape_;
  const std::int64_t width = along_places_ ? 1 : lanes_;
  for (std::int64_t y = 0; y < s.out_height; ++y)
    for (std::int64_t x = 0; x < s.out_width; x += width) {
      windows_.push_back(
          {moving_.position(y * s.stride, x * s.stride), y * s.out_width + x, std::min(width, s.out_width - x)});
    }
}

/// Correction sums of the stationary codes over real taps, and how many these are.
void CodeTask::sum_stationary(const QuantisedTensor& tensor) {
  std::vector<std::int32_t> tap_sums(at(p_.kernel_height * p_.kernel_width));
  for (std::int64_t g = 0; g < p_.groups; ++g)
    for (std::int64_t f = 0; f < p_.filters; ++f) {
      std::fill(tap_sums.begin(), tap_sums.end(), 0);
      for (std::int64_t c = 0; c < p_.channels; ++c)
        for (std::int64_t ky = 0; ky < p_.kernel_height; ++ky) {
          const std::int32_t* codes = tensor.codes.data() + p_.stationary.at(0, g, f, c, ky, 0);
          add_row(codes, p_.stationary.x, p_.kernel_width, &tap_sums[at(ky * p_.kernel_width)]);
        }
      classes_.add_real_taps(tap_sums.data(), &class_sums_[at((g * p_.filters + f) * classes_.count())]);
    }
  for (std::int64_t c = 0; c < classes_.count(); ++c) class_taps_[at(c)] = p_.channels * classes_.taps(c);
}

void CodeTask::place_windows(std::int64_t group) {
  words_.clear();
  places_.clear();
  for (std::int64_t b = 0; b < p_.batch; ++b)
    for (const Window& window : windows_) {
      words_.push_back(moving_.block(group * p_.batch + b) + window.word);
      places_.push_back((b * p_.groups + group) * p_.filters * plane_ + window.output);
    }
}

void CodeTask::multiply_along_windows(std::int64_t group) {
  place_windows(group);
  partial_.resize(kFilterBlock * kCodeWindowChunk * lanes_);
  const std::int64_t total = static_cast<std::int64_t>(words_.size());
  for (std::int64_t first = 0; first < total; first += kCodeWindowChunk)
    for (std::int64_t filter = 0; filter < p_.filters; filter += kFilterBlock)
      multiply_block(group, filter, first, std::min(kCodeWindowChunk, total - first));
}

void CodeTask::multiply_block(std::int64_t group, std::int64_t filter, std::int64_t first, std::int64_t count) {
  const std::int64_t panel = (group * padded_filters() + filter) * step_count();
  for (int m = 0; m < o_->moving.slabs(); ++m)
    for (int s = 0; s < o_->stationary.slabs(); ++s)
      for (std::int64_t step = 0; step < step_count(); step += kMostPairs) {
        multiply_windows({.moving = moving_.slab(m),
                          .windows = &words_[at(first)],
                          .window_count = count,
                          .steps = &steps_[at(step)],
                          .step_count = std::min(kMostPairs, step_count() - step),
                          .stationary = panels_[at(s)].data() + panel + step * kFilterBlock},
                         kCodeWindowChunk * lanes_, partial_.data());
        add_products(filter, first, count, 8 * (m + s));
      }
}

/// Adds the kernel's sums to the products, whose windows are neighbours in runs.
void CodeTask::add_products(std::int64_t filter, std::int64_t first, std::int64_t count, int shift) {
  const auto outputs = [&](std::int64_t i) {
    return windows_[at((first + i) % static_cast<std::int64_t>(windows_.size()))].count;
  };
  for (std::int64_t begin = 0, end = 0; begin < count; begin = end) {
    std::int64_t run = outputs(begin);
    for (end = begin + 1;
         end < count && run == (end - begin) * lanes_ && places_[at(first + end)] == places_[at(first + begin)] + run;
         ++end) {
      run += outputs(end);
    }
    for (std::int64_t f = 0; f < std::min(kFilterBlock, p_.filters - filter); ++f) {
      add_wide(partial_.data() + (f * kCodeWindowChunk + begin) * lanes_, run, shift,
               &sums_.products[at(places_[at(first + begin)] + (filter + f) * plane_)]);
    }
  }
}

void CodeTask::multiply_along_places(std::int64_t group) {
  place_windows(group);
  const std::int64_t total = static_cast<std::int64_t>(words_.size()), width = rows_.row();
  const std::int64_t rows_at_once = std::max<std::int64_t>(1, kPlaceChunk / width);
  for (int m = 0; m < o_->moving.slabs(); ++m)
    for (int s = 0; s < o_->stationary.slabs(); ++s) {
      wide_.assign(at(padded_filters() * total), 0);
      for (std::int64_t row = 0; row < step_count(); row += rows_at_once)
        for (std::int64_t filter = 0; filter < p_.filters; filter += kFilterBlock) {
          multiply_places({.moving = moving_.slab(m),
                           .windows = words_.data(),
                           .window_count = total,
                           .rows = &steps_[at(row)],
                           .row_count = std::min(rows_at_once, step_count() - row),
                           .width = width,
                           .stationary = rows_.slab(s) + rows_.block(group * padded_filters() + filter) + row * width,
                           .filter_pitch = rows_.block(1)},
                          total, &wide_[at(filter * total)]);
        }
      for (std::int64_t f = 0; f < p_.filters; ++f)
        for (std::int64_t w = 0; w < total; ++w)
          sums_.products[at(places_[at(w)] + f * plane_)] +=
              wide_[at(f * total + w)] * (std::int64_t{1} << 8 * (m + s));
    }
}

/// All filters share the sums of the moving codes: channels are added first, taps then.
void CodeTask::add_moving_sums(std::int64_t group) {
  const std::int64_t plane = moving_.plane();
  std::int32_t* sums = channel_sums_.resize(plane);
  for (std::int64_t b = 0; b < p_.batch; ++b) {
    std::fill_n(sums, plane, 0);
    for (int slab = 0; slab < o_->moving.slabs(); ++slab)
      for (std::int64_t pair = 0; pair < moving_.channel_pairs(); ++pair) {
        add_pairs(moving_.slab(slab) + moving_.block(group * p_.batch + b) + pair * plane, plane, 8 * slab, sums);
      }
    sum_windows(&sums_.moving[at((b * p_.groups + group) * plane_)]);
  }
}

void CodeTask::sum_windows(std::int64_t* sums) {
  const std::int64_t taps = step_count() / moving_.channel_pairs();
  std::int32_t* lane_sums = partial_.resize(lanes_);
  for (const Window& window : windows_) {
    if (along_places_) {
      sums[window.output] = sum_places(channel_sums_.data() + window.word, steps_.data(), taps, shape_.kernel_width);
    } else {
      sum_steps(channel_sums_.data(), &window.word, 1, steps_.data(), taps, lane_sums);
      std::copy_n(lane_sums, window.count, sums + window.output);
    }
  }
}

}  // namespace

bool codes_suffice(const DatapathOperands& o) {
  const bool steps_matter = o.accumulator.overflow == Overflow::kSaturate &&
                            (o.bits.moving_signed || o.bits.stationary_signed) &&
                            products_that_fit(o.accumulator, o.bits) < o.problem.reduction();
  return !steps_matter && o.problem.reduction() <= std::numeric_limits<std::int32_t>::max() >>
                              std::max(o.bits.moving, o.bits.stationary);
}

std::unique_ptr<FunctionalTask> make_code_task(std::unique_ptr<DatapathOperands> operands,
                                               const PassOperands& tensors) {
  return std::make_unique<CodeTask>(std::move(operands), tensors);
}

}  // namespace ldpsim
