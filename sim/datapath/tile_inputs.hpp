// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// The elements of a problem's operands that a tile meets, for arrays that look at single values.
class TileInputs {
 public:
  TileInputs(const Problem& problem, const TileRange& tile)
      : p_(problem),
        t_(tile),
        cuts_taps_(problem.pass == Pass::kBackwardWeight),
        out_{cuts_taps_ ? 0 : tile.begin(Loop::kY), cuts_taps_ ? problem.out_height : tile.end(Loop::kY),
             cuts_taps_ ? 0 : tile.begin(Loop::kX), cuts_taps_ ? problem.out_width : tile.end(Loop::kX)},
        tap_{cuts_taps_ ? tile.begin(Loop::kY) : 0, cuts_taps_ ? tile.end(Loop::kY) : problem.kernel_height,
             cuts_taps_ ? tile.begin(Loop::kX) : 0, cuts_taps_ ? tile.end(Loop::kX) : problem.kernel_width} {}

  /// Windows in row-major order: visit(batch, y, x).
  template <class Visit>
  void for_each_window(Visit visit) const {
    for (std::int64_t b = t_.begin(Loop::kBatch); b < t_.end(Loop::kBatch); ++b)
      for (std::int64_t y = out_.y_first; y < out_.y_last; ++y)
        for (std::int64_t x = out_.x_first; x < out_.x_last; ++x) visit(b, y, x);
  }
  std::int64_t windows_of_a_sample() const { return (out_.y_last - out_.y_first) * (out_.x_last - out_.x_first); }
  std::int64_t reduction() const {
    return t_.extent(Loop::kChannels) * (tap_.y_last - tap_.y_first) * (tap_.x_last - tap_.x_first);
  }

  /// The reduction of a window, tap by tap in row-major order, in each channel by channel: visit(element) with the
  /// moving element's index, or -1 for a padded or inserted zero.
  template <class Visit>
  void for_each_moving(std::int64_t b, std::int64_t y, std::int64_t x, Visit visit) const {
    for (std::int64_t ky = tap_.y_first; ky < tap_.y_last; ++ky)
      for (std::int64_t kx = tap_.x_first; kx < tap_.x_last; ++kx) {
        const std::int64_t iy = p_.input_y(y, ky), ix = p_.input_x(x, kx);
        const bool real = iy >= 0 && ix >= 0;
        for (std::int64_t c = t_.begin(Loop::kChannels); c < t_.end(Loop::kChannels); ++c)
          visit(real ? p_.moving.at(b, t_.group, 0, c, iy, ix) : std::int64_t{-1});
      }
  }
  /// The same places of a filter.
  template <class Visit>
  void for_each_stationary(std::int64_t filter, Visit visit) const {
    for (std::int64_t ky = tap_.y_first; ky < tap_.y_last; ++ky)
      for (std::int64_t kx = tap_.x_first; kx < tap_.x_last; ++kx)
        for (std::int64_t c = t_.begin(Loop::kChannels); c < t_.end(Loop::kChannels); ++c)
          visit(p_.stationary.at(0, t_.group, filter, c, ky, kx));
  }

 private:
  struct Box {
    std::int64_t y_first, y_last, x_first, x_last;
  };
  const Problem& p_;
  const TileRange& t_;
  bool cuts_taps_;
  Box out_, tap_;
};

}  // namespace ldpsim
