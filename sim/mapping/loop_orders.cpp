// SPDX-License-Identifier: Apache-2.0
#include "sim/mapping/loop_orders.hpp"

#include <algorithm>

namespace ldpsim {
namespace {

using Table = std::array<FirstOrder, OrderCode::kCodes>;

Table make_table() {
  Table table{};
  LoopOrder order{Loop::kBatch, Loop::kY, Loop::kX, Loop::kChannels, Loop::kFilters};
  int index = 0;
  do {
    for (unsigned looping = 0; looping < (1u << kLoopCount); ++looping) {
      OrderCode code;
      for (std::size_t level = kLoopCount; level-- > 0;) {
        const std::size_t loop = static_cast<std::size_t>(order[level]);
        if ((looping >> loop & 1u) != 0) code = code.outside(loop);
      }
      if (table[code.value()].index < 0) table[code.value()] = {index, order};
    }
    ++index;
  } while (std::next_permutation(order.begin(), order.end()));
  return table;
}

}  // namespace

const FirstOrder& first_order(OrderCode code) {
  static const Table kTable = make_table();
  return kTable[code.value()];
}

}  // namespace ldpsim
