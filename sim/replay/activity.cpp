// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/activity.hpp"

#include <fmt/format.h>

#include <bit>

#include "sim/core/error.hpp"

namespace ldpsim {

void BitShares::add(const QuantisedTensor& tensor) {
  const std::uint32_t mask = (std::uint32_t{1} << tensor.bits) - 1;
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < tensor.codes.size(); ++i) {
    const std::uint32_t code = static_cast<std::uint32_t>(tensor.codes[i]) & mask;
    bits += tensor.bits;
    ones += std::popcount(code);
    if (i > 0) {
      pairs += tensor.bits;
      changes += std::popcount(code ^ last);
    }
    last = code;
  }
}

const std::optional<double>& ActivityEstimator::captured(std::size_t layer, Pass pass, PassBits bits) {
  const auto [place, fresh] = known_.try_emplace({layer, pass, bits.moving, bits.stationary});
  if (!fresh || !pass_exists(source_.network(), layer, pass)) return place->second;
  BitShares moving, stationary;
  source_.for_each_sample(layer, pass, bits, [&](const ValueSample& sample) {
    moving.add(sample.moving);
    stationary.add(sample.stationary);
  });
  if (moving.pairs > 0) place->second = 4 * moving.changing_share() * stationary.set_share();
  return place->second;
}

double ActivityEstimator::of(std::size_t layer, Pass pass, PassBits bits) {
  if (const std::optional<double>& own = captured(layer, pass, bits)) return *own;
  double sum = 0;
  int count = 0;
  for (std::size_t other = 0; other < source_.network().layers.size(); ++other) {
    if (const std::optional<double>& activity = captured(other, pass, bits)) {
      sum += *activity;
      ++count;
    }
  }
  if (count > 0) return sum / count;
  throw UserError("--activity", fmt::format("no layer has captured operands of {}", name_of(pass)),
                  "capture them, leave the pass out (--passes), or let --values uniform make operands up");
}

}  // namespace ldpsim
