// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/near_zero.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace ldpsim {
namespace {

/// visit(element, code, zero code) for every element.
template <class Visit>
void for_each_code(const QuantisedTensor& t, Visit visit) {
  const std::int32_t least = t.is_signed ? -(1 << (t.bits - 1)) : 0, most = least + (1 << t.bits) - 1;
  const std::size_t slice = t.codes.size() / std::max<std::size_t>(1, t.scale.size());
  for (std::size_t i = 0; i < t.codes.size(); ++i) {
    const std::size_t at = t.scale.size() == 1 ? 0 : i / slice;
    const double zero = t.scale[at] == 0 ? 0 : -t.offset[t.offset.size() == 1 ? 0 : at] / t.scale[at];
    const double nearest = std::clamp(std::round(zero), static_cast<double>(least), static_cast<double>(most));
    visit(i, t.codes[i], static_cast<std::int32_t>(nearest));
  }
}

std::int32_t reach(const QuantisedTensor& t, double threshold) {
  return static_cast<std::int32_t>(std::floor(threshold * static_cast<double>((1 << t.bits) - 1)));
}

}  // namespace

std::vector<char> NearZero::elements(const QuantisedTensor& tensor, double threshold) {
  std::vector<char> near(tensor.codes.size());
  const std::int32_t most = reach(tensor, threshold);
  for_each_code(tensor,
                [&](std::size_t i, std::int32_t code, std::int32_t zero) { near[i] = std::abs(code - zero) <= most; });
  return near;
}

QuantisedTensor NearZero::snapped(const QuantisedTensor& tensor, double threshold) {
  QuantisedTensor changed = tensor;
  const std::int32_t most = reach(tensor, threshold);
  for_each_code(tensor, [&](std::size_t i, std::int32_t code, std::int32_t zero) {
    if (std::abs(code - zero) <= most) changed.codes[i] = zero;
  });
  return changed;
}

}  // namespace ldpsim
