// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "sim/core/random.hpp"
#include "sim/datapath/functional.hpp"

namespace ldpsim::test {

/// Operands of a problem with random codes. With `kinds`, codes are uniform, or small, or mostly zero, from tensor to
/// tensor.
class RandomOperands {
 public:
  RandomOperands(Random& random, const Problem& p, PassBits bits, bool kinds = false)
      : moving_(tensor(random, reach(p.moving, p, p.in_height, p.in_width), bits.moving, bits.moving_signed, kinds)),
        stationary_(tensor(random, reach(p.stationary, p, p.kernel_height, p.kernel_width), bits.stationary,
                           bits.stationary_signed, kinds)) {}
  PassOperands operands() const { return {&moving_, &stationary_}; }
  const QuantisedTensor& moving() const { return moving_; }

 private:
  /// Size of the whole tensor that an index reaches into; a phase of a strided backward-data uses only a part of it.
  static std::int64_t reach(const AffineIndex& index, const Problem& p, std::int64_t rows, std::int64_t columns) {
    const auto most = [](std::int64_t step, std::int64_t extent) {
      return std::max<std::int64_t>(0, step * (extent - 1));
    };
    return index.origin + most(index.batch, p.batch) + most(index.group, p.groups) + most(index.filter, p.filters) +
           most(index.channel, p.channels) + most(index.y, rows) + most(index.x, columns) + 1;
  }

  static QuantisedTensor tensor(Random& random, std::int64_t elements, int bits, bool is_signed, bool kinds) {
    QuantisedTensor tensor{
        .shape = {elements}, .bits = bits, .is_signed = is_signed, .codes = {}, .scale = {0.5}, .offset = {0.25}};
    const std::int64_t least = is_signed ? -(std::int64_t{1} << (bits - 1)) : 0,
                       most = least + (std::int64_t{1} << bits) - 1;
    const std::int64_t kind = kinds ? random.between(0, 2) : 0;
    for (std::int64_t i = 0; i < elements; ++i) {
      std::int64_t code = random.between(least, most);
      if (kind == 1) code >>= random.between(0, bits);
      if (kind == 2 && random.between(0, 9) != 0) code = 0;
      tensor.codes.push_back(static_cast<std::int32_t>(code));
    }
    return tensor;
  }

  QuantisedTensor moving_, stationary_;
};

}  // namespace ldpsim::test
