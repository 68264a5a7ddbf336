// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/core/math.hpp"

namespace ldpsim {

/// Columns of an array that work on a linear layer of one window: each takes a step (a brick against a set of filters)
/// by itself, and the next step goes to the next column in turn, a cycle after the one before or as soon as that column
/// is free (as in DNNsim).
class StaggeredColumns {
 public:
  explicit StaggeredColumns(std::int64_t columns) : ends_(static_cast<std::size_t>(columns), 0) {}
  void add(Cycles step) {
    Cycles& end = ends_[at_];
    const Cycles begin = std::max(next_, end);
    next_ = begin + 1;
    end = begin + step;
    last_ = std::max(last_, end);
    at_ = (at_ + 1) % ends_.size();
  }
  /// When the last column ends.
  Cycles last() const { return last_; }

 private:
  std::vector<Cycles> ends_;
  std::size_t at_ = 0;
  Cycles next_ = 0, last_ = 0;
};

/// The same for `count` steps of equally many cycles in closed form: work() + tail() is StaggeredColumns::last().
struct StaggeredSteps {
  std::int64_t count = 1;
  Cycles step = 1;
  std::int64_t columns = 1;
  /// While steps begin: one a cycle, or whole rounds of the columns if a step takes longer than a round.
  Cycles work() const { return step <= columns ? count : ceil_div(count, columns) * step; }
  /// Until the last column ends.
  Cycles tail() const { return step <= columns ? step - 1 : (count - 1) % columns; }
};

}  // namespace ldpsim
