// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/lnpu_timing.hpp"

#include <algorithm>

#include "sim/datapath/tile_inputs.hpp"

namespace ldpsim {
namespace {

/// Lines that work side by side until the slowest is done.
class LineSets {
 public:
  LineSets(std::int64_t lines, std::int64_t units_per_cycle) : lines_(lines), units_(units_per_cycle) {}
  void add(std::int64_t work) {
    all_ += work;
    sum_ += work;
    most_ = std::max(most_, work);
    if (++used_ == lines_) end();
  }
  void end() {
    if (used_ == 0) return;
    slowest_ += std::max<Cycles>(1, ceil_div(most_, units_));
    means_ += std::max<Cycles>(1, ceil_div(sum_, units_ * used_));
    used_ = most_ = sum_ = 0;
  }
  Cycles slowest() const { return slowest_; }
  Cycles means() const { return means_; }
  Cycles shared() const { return std::max<Cycles>(1, ceil_div(all_, units_ * lines_)); }

 private:
  std::int64_t lines_, units_, used_ = 0, most_ = 0, sum_ = 0, all_ = 0;
  Cycles slowest_ = 0, means_ = 0;
};

}  // namespace

std::vector<char> LnpuTiming::wide_places(const TileRange& tile, std::int64_t first, std::int64_t last) const {
  const TileInputs inputs(p_, tile);
  std::vector<char> wide(static_cast<std::size_t>(inputs.reduction()));
  for (std::int64_t f = first; f < last; ++f) {
    std::size_t place = 0;
    inputs.for_each_stationary(f, [&](std::int64_t element) {
      if (stationary_.is_wide[static_cast<std::size_t>(element)] != 0) wide[place] = 1;
      ++place;
    });
  }
  return wide;
}

TileCost LnpuTiming::tile_cost(const TileRange& tile) {
  const TileInputs inputs(p_, tile);
  const std::int64_t sample = inputs.windows_of_a_sample();
  TileCost cost;
  for (std::int64_t first = tile.begin(Loop::kFilters); first < tile.end(Loop::kFilters); first += rules_.filters) {
    const std::vector<char> wide = wide_places(tile, first, std::min(first + rules_.filters, tile.end(Loop::kFilters)));
    LineSets sets(rules_.lines, 2 * unit());
    std::int64_t windows = 0;
    inputs.for_each_window([&](std::int64_t b, std::int64_t y, std::int64_t x) {
      std::int64_t halves = 0, zeros = 0, worked = 0;
      std::size_t place = 0;
      inputs.for_each_moving(b, y, x, [&](std::int64_t element) {
        const auto at = static_cast<std::size_t>(element);
        const bool zero = element < 0 || moving_.numbers[at].significand == 0;
        zeros += zero;
        worked += !zero;
        if (!zero) halves += moving_.is_wide[at] != 0 || wide[place] != 0 ? 2 : 1;
        ++place;
      });
      sets.add(halves * unit() + (rules_.zeros_per_cycle > 0 ? 2 * zeros : 0));
      cost.difference[Action::kTerm] += worked;
      cost.difference[Action::kSkippedTerm] += zeros;
      if (!rules_.flat_windows && ++windows % sample == 0) sets.end();
    });
    sets.end();
    cost.compute += rules_.balanced ? sets.shared() : sets.means();
    cost.imbalance += rules_.balanced ? 0 : sets.slowest() - sets.means();
  }
  return cost;
}

}  // namespace ldpsim
